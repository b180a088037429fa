import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, test } from 'node:test'
import { inProcess } from '@respond-async/core'
import { jobManagement } from '../src/job-management.ts'
import { reportStatus } from '../src/report-status.ts'
import type { Shape } from '../src/shape.ts'
import { tasks } from '../src/tasks.ts'
import { videoConversion } from '../src/video-conversion.ts'
import { xmlJob } from '../src/xml-job.ts'

let server: Server | undefined
afterEach(() => server?.closeAllConnections())
afterEach(() => server?.close())

/** Starts an application and returns how to get whole answers from it: all fields but those that Node adds to every answer. */
async function serve({ app }: Shape) {
  const listening = app.listen(0, '127.0.0.1')
  server = listening
  await once(listening, 'listening')
  const origin = `http://127.0.0.1:${(listening.address() as AddressInfo).port}`
  return async (method: string, path: string, init: RequestInit = {}) => {
    const response = await fetch(origin + path, { method, redirect: 'manual', ...init })
    const { date, connection, 'keep-alive': keepAlive, 'x-powered-by': poweredBy, ...headers } = Object.fromEntries(response.headers)
    return { status: response.status, headers, body: await response.text() }
  }
}
type Call = Awaited<ReturnType<typeof serve>>

function gate<T>() {
  let open!: (value: T) => void
  const opened = new Promise<T>((resolve) => {
    open = resolve
  })
  return { open, opened }
}

/** Asks until the answer is one that was waited for. */
async function until(call: Call, path: string, is: (answer: Awaited<ReturnType<Call>>) => boolean, init?: RequestInit) {
  for (;;) {
    const answer = await call('GET', path, init)
    if (is(answer)) return answer
  }
}

const CREATED = Date.UTC(2023, 10, 4, 10)
/** Ids as the application makes them, a clock that stands, no jitter. */
const fixed = (id: string) => ({ newId: () => id, now: () => CREATED, random: () => 0.5 })
const SUNSET = 'Sun, 05 Nov 2023 10:00:00 GMT'

const acceptedAt = (path: string) => ({
  'cache-control': 'no-store',
  'content-location': path,
  link: `<${path}>; rel="monitor"`,
  location: path,
  'retry-after': '1',
  vary: 'Prefer',
})
const pendingAt = (path: string, etag: string) => ({
  'cache-control': 'private, no-cache',
  'content-location': path,
  etag,
  location: path,
  'retry-after': '1',
  vary: 'Prefer, Accept',
})
const finishedAt = (path: string, etag: string) => ({
  'cache-control': 'private, no-cache',
  'content-location': path,
  etag,
  sunset: SUNSET,
  vary: 'Prefer, Accept',
})
const json = (body: string) => ({ 'content-type': 'application/json', 'content-length': `${Buffer.byteLength(body)}` })

test('1: a report that is in_progress, then completed', async () => {
  const report = gate<Uint8Array>()
  const call = await serve(reportStatus(() => report.opened, fixed('555')))
  assert.deepEqual(await call('POST', '/start-report'), {
    status: 202,
    headers: { ...acceptedAt('/report-status/555'), 'content-length': '0' },
    body: '',
  })
  const pending = '{"status":"in_progress"}'
  assert.deepEqual(await call('GET', '/report-status/555'), {
    status: 200,
    headers: { ...pendingAt('/report-status/555', 'W/"1"'), ...json(pending) },
    body: pending,
  })
  report.open(Buffer.from('%PDF-1.4'))
  const done = '{"status":"completed","download_link":"/reports/report-555.pdf"}'
  assert.deepEqual(await until(call, '/report-status/555', ({ body }) => body !== pending), {
    status: 200,
    headers: { ...finishedAt('/report-status/555', 'W/"2"'), ...json(done) },
    body: done,
  })
  assert.deepEqual(await call('GET', '/reports/report-555.pdf'), {
    status: 200,
    headers: {
      'accept-ranges': 'bytes',
      'cache-control': 'private',
      'content-length': '8',
      'content-type': 'application/pdf',
      etag: 'W/"8-GChKT9CWeATJoCy1voZ5i1RQkVM"',
      sunset: SUNSET,
    },
    body: '%PDF-1.4',
  })
})

test('2: a video that is processing, then done', async () => {
  const video = gate<string>()
  const call = await serve(videoConversion(() => video.opened, fixed('convert-789')))
  assert.deepEqual(await call('POST', '/convert-video'), {
    status: 202,
    headers: { ...acceptedAt('/status/convert-789'), 'content-length': '0' },
    body: '',
  })
  const pending = '{"status":"processing"}'
  assert.deepEqual(await call('GET', '/status/convert-789'), {
    status: 200,
    headers: { ...pendingAt('/status/convert-789', 'W/"1"'), ...json(pending) },
    body: pending,
  })
  video.open('/videos/converted-789.mp4')
  const done = '{"status":"done","result_url":"/videos/converted-789.mp4"}'
  assert.deepEqual(await until(call, '/status/convert-789', ({ body }) => body !== pending), {
    status: 200,
    headers: { ...finishedAt('/status/convert-789', 'W/"2"'), ...json(done) },
    body: done,
  })
})

test('3: a task with a number for its id', async () => {
  const call = await serve(tasks(() => new Promise(() => {}), fixed('12345')))
  const body = '{"taskId":12345,"status":"pending","createdAt":"2023-11-04T10:00:00Z"}'
  assert.deepEqual(await call('POST', '/api/tasks'), {
    status: 202,
    headers: { ...acceptedAt('/tasks/12345'), ...json(body) },
    body,
  })
})

test('4: a task that points to a job resource', async () => {
  const path = '/api/company/job-management/jobs/2130040'
  const ids = ['1', '2130040']
  let now = Date.UTC(2013, 0, 1, 22, 50, 45)
  const other = gate<void>()
  const [begun, halfway, finish] = [gate<void>(), gate<void>(), gate<void>()]
  let runs = 0
  const shape = jobManagement(
    async (progress) => {
      if (++runs === 1) return other.opened
      begun.open()
      await halfway.opened
      await progress(30)
      await finish.opened
    },
    { ...fixed(''), newId: () => ids.shift() ?? '', now: () => now, engine: inProcess({ concurrency: 1 }) },
  )
  const call = await serve(shape)
  const init = { headers: { 'x-user': 'Admin' } }
  await call('PUT', '/api/company/resource', init) // takes the only slot, so that the next one is seen waiting
  const accepted = `{"task":{"href":"${path}","id":"2130040"}}`
  assert.deepEqual(await call('PUT', '/api/company/resource', init), {
    status: 202,
    headers: { ...acceptedAt(path), ...json(accepted) },
    body: accepted,
  })
  const job = (state: string, status: string, percent: string, start: string, end: string) =>
    `{"job":{"@uri":"${path}","id":"2130040","name":"Update Resource","job-state":"${state}","job-status":"${status}","percent-complete":"${percent}",` +
    `"scheduled-start-time":"01-01-2013 10:50:45 PM GMT","start-time":"${start}","end-time":"${end}","owner":"Admin","summary":"random text"}}`
  const scheduled = job('SCHEDULED', 'UNDETERMINED', '0', '', '')
  assert.deepEqual(await call('GET', path, init), {
    status: 200,
    headers: { ...pendingAt(path, 'W/"1"'), ...json(scheduled) },
    body: scheduled,
  })
  now += 10_000
  other.open()
  await begun.opened
  halfway.open()
  const started = job('STARTED', 'INPROGRESS', '30', '01-01-2013 10:50:55 PM GMT', '')
  assert.deepEqual(await until(call, path, ({ body }) => body.includes('"30"'), init), {
    status: 200,
    // The first job took ten seconds, so the second is expected to.
    headers: { ...pendingAt(path, 'W/"3"'), 'retry-after': '10', ...json(started) },
    body: started,
  })
  now += 83_000
  finish.open()
  const completed = job('COMPLETED', 'SUCCESS', '100', '01-01-2013 10:50:55 PM GMT', '01-01-2013 10:52:18 PM GMT')
  assert.deepEqual(await until(call, path, ({ body }) => body.includes('COMPLETED'), init), {
    status: 200,
    headers: { ...finishedAt(path, 'W/"4"'), sunset: 'Wed, 02 Jan 2013 22:52:18 GMT', ...json(completed) },
    body: completed,
  })
})

test('4: a failed job is COMPLETED and FAILED; one that is asked to stop is still INPROGRESS', async () => {
  const init = { headers: { 'x-user': 'Admin' } }
  const path = '/api/company/job-management/jobs/7'
  const quiet = { onError: () => {} }
  const failing = await serve(jobManagement(() => Promise.reject(new Error('no')), { ...fixed('7'), ...quiet }))
  await failing('PUT', '/api/company/resource', init)
  assert.match(
    (await until(failing, path, ({ body }) => body.includes('COMPLETED'), init)).body,
    /"job-state":"COMPLETED","job-status":"FAILED"/,
  )
  server?.closeAllConnections()
  server?.close()
  const hanging = await serve(jobManagement(() => new Promise(() => {}), { ...fixed('7'), engine: inProcess({ concurrency: 1 }) }))
  await hanging('PUT', '/api/company/resource', init)
  assert.match((await hanging('DELETE', path, init)).body, /"job-state":"STARTED","job-status":"INPROGRESS"/)
})

test('5: takes XML, answers with a link, and has no body until the job is done', async () => {
  const work = gate<void>()
  let taken: string | undefined
  const shape = xmlJob((xml) => {
    taken = xml
    return work.opened
  }, fixed('123'))
  const call = await serve(shape)
  const xml = '<?xml version="1.0"?>\n<job>\n<id>123</id>\n<task>A101</task>\n</job>\n'
  assert.deepEqual(await call('POST', '/job', { headers: { 'content-type': 'application/xml' }, body: xml }), {
    status: 202,
    headers: {
      'cache-control': 'no-store',
      'content-length': '0',
      link: '</job/status/123>; rel="http://www.example.com/job-status"',
      'retry-after': '1',
      vary: 'Prefer',
    },
    body: '',
  })
  const { location, ...pending } = pendingAt('/job/status/123', 'W/"1"')
  assert.equal(location, '/job/status/123')
  assert.deepEqual(await call('GET', '/job/status/123'), { status: 202, headers: { ...pending, 'content-length': '0' }, body: '' })
  work.open()
  const done = '{"success":"true"}'
  assert.deepEqual(await until(call, '/job/status/123', ({ status }) => status === 200), {
    status: 200,
    headers: { ...finishedAt('/job/status/123', 'W/"2"'), ...json(done) },
    body: done,
  })
  assert.equal(taken, xml)
})
