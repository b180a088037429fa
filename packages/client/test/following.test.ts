import { afterEach, describe, expect, test, vi } from 'vitest'
import { type ClientOptions, createClient } from '../src/index'
import { type Answer, all, closeServers, quickClock, type Script, serve } from './server'

afterEach(closeServers)

const running = (percentComplete: number, headers: Record<string, string> = {}): Answer => [
  202,
  headers,
  { id: '1', operation: 'report', status: 'running', percentComplete, links: { self: '/jobs/1' } },
]
const done: Answer = [200, {}, { status: 'succeeded', result: { ok: true } }]

/** A job whose polls are answered like this, on a clock without pauses. */
async function jobOf(polls: Script, options: ClientOptions = {}) {
  const server = await serve(polls)
  const { pauses, options: clock } = quickClock()
  return {
    server,
    pauses,
    polls: () => server.of('GET /jobs/1'),
    job: createClient({ ...clock, ...options }).resume(`${server.url}/jobs/1`),
  }
}

describe('the next poll', () => {
  test('after a lost connection comes soon, later each time, whatever pause an answer before advised', async () => {
    const { job, pauses } = await jobOf((_, at, res) => {
      if (at === 1) return running(1, { 'retry-after': '50' })
      return at < 5 ? void res.destroy() : done
    })
    await job.finished()
    expect(pauses).toEqual([50_000, 500, 1_000, 2_000])
  })

  test('after one that was held comes soon, with jitter', async () => {
    const { job, pauses } = await jobOf(
      ({ headers }, at) => (at < 3 ? running(at, { etag: `"${at}"`, ...(headers.prefer && { 'preference-applied': 'wait=20' }) }) : done),
      { random: () => 0.5, minPollMs: 100 },
    )
    await job.finished()
    expect(pauses[1]).toBe(150)
  })

  test('after one that is only said to have been held, since nothing has changed at once, comes as late as any other', async () => {
    const held = { etag: '"1"', 'preference-applied': 'wait=20' }
    let now = 0
    let holdMs = 0
    const answer: Script = (_, at) => {
      now += holdMs
      return at === 1 ? running(1, held) : at < 4 ? [304, held] : done
    }
    const claimed = await jobOf(answer, { now: () => now })
    await claimed.job.finished()
    expect(claimed.pauses).toEqual([1_000, 1_500, 2_250])
    holdMs = 15_000
    const kept = await jobOf(answer, { now: () => now })
    await kept.job.finished()
    expect(kept.pauses).toEqual([1_000, 250, 250])
  })

  test('is not held with waitSeconds: 0', async () => {
    const { job, polls } = await jobOf((_, at) => (at < 3 ? running(at, { etag: `"${at}"` }) : done), { waitSeconds: 0 })
    await job.finished()
    expect(polls().map(({ headers }) => headers.prefer)).toEqual([undefined, undefined, undefined])
  })

  test('asks for whole seconds', async () => {
    const { job, polls } = await jobOf((_, at) => (at < 2 ? running(at, { etag: '"1"' }) : done), { waitSeconds: 2.5 })
    await job.finished()
    expect(polls().map(({ headers }) => headers.prefer)).toEqual([undefined, 'wait=2'])
  })

  test('sends no ETag that an answer without one has replaced', async () => {
    const { job, polls } = await jobOf((_, at) => (at < 3 ? running(at, at === 1 ? { etag: '"1"' } : {}) : done))
    await job.finished()
    expect(polls().map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"1"', undefined])
  })
})

test('outside of a page the polls of any number of jobs are held', async () => {
  const held: (() => void)[] = []
  const server = await serve(({ headers }, _, res) => {
    if (!headers.prefer) return running(1, { etag: '"1"' })
    held.push(() => res.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"succeeded"}'))
    if (held.length === 6) for (const answer of held) answer()
    return undefined
  })
  const client = createClient({ minPollMs: 50 })
  const all = await Promise.all(Array.from({ length: 6 }, (_, at) => client.resume(`${server.url}/jobs/${at}`).finished()))
  expect(all.map(({ status }) => status)).toEqual(Array(6).fill('succeeded'))
})

test('a poll may be held for longer than an answer may take', async () => {
  let isCutOff = false
  const server = await serve(({ headers }, _, res) => {
    if (!headers.prefer) return running(1, { etag: '"1"' })
    res.on('close', () => {
      isCutOff ||= !res.writableFinished
    })
    setTimeout(() => res.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"succeeded"}'), 1_000)
    return undefined
  })
  await createClient({ requestTimeoutMs: 500, minPollMs: 50 }).resume(`${server.url}/jobs/1`).finished()
  expect(isCutOff).toBe(false)
})

test('header fields of a client with a baseUrl go nowhere else, even where a job is submitted or resumed', async () => {
  const home = await serve(() => [200, {}, 'ok'])
  const other = await serve(({ method }) => (method === 'POST' ? [202, { location: '/jobs/1' }] : done))
  const client = createClient({ ...quickClock().options, baseUrl: home.url, headers: { authorization: 'Bearer secret' } })
  await (await client.submit(`${other.url}/reports`)).finished()
  await client.resume(`${other.url}/jobs/1`).finished()
  await (await client.submit('/reports')).finished()
  expect(other.asked.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined, undefined])
  expect(home.asked.map(({ headers }) => headers.authorization)).toEqual(['Bearer secret'])
})

test('header fields of a client without a baseUrl go where a job is submitted, from a page of another origin too', async () => {
  const page = await serve(() => done)
  const server = await serve(() => [202, { location: `${page.url}/jobs/1` }])
  vi.stubGlobal('location', { href: page.url })
  const client = createClient({ ...quickClock().options, headers: { authorization: 'Bearer secret' } })
  vi.unstubAllGlobals()
  await (await client.submit(server.url)).finished()
  expect([server, page].map(({ asked }) => asked.map(({ headers }) => headers.authorization))).toEqual([['Bearer secret'], [undefined]])
})

test('header fields from a function are asked for before each request, and sent to trusted origins, however those are written', async () => {
  const other = await serve(() => done)
  const home = await serve(() => [202, { location: `${other.url}/jobs/1` }])
  let asked = 0
  const headers = async () => ({ authorization: `Bearer ${++asked}` })
  const client = createClient({ ...quickClock().options, baseUrl: home.url, headers, trustedOrigins: [`${other.url}/jobs/`] })
  await (await client.submit('/reports')).finished()
  expect([home, other].map((server) => server.asked.map(({ headers }) => headers.authorization))).toEqual([['Bearer 1'], ['Bearer 2']])
})

test('bare 500s with answers between them are not counted together', async () => {
  const { job } = await jobOf((_, at) => (at > 12 ? done : at % 4 === 0 ? running(at) : [500]))
  expect(await job.json()).toEqual({ ok: true })
})

test('an event that tells no state changes nothing', async () => {
  const events = ['{"percentComplete":77}', '[]', '7', '{"status":"succeeded","result":1}'].map((data) => `data: ${data}\n\n`)
  const { job } = await jobOf(({ url }) =>
    url === '/events'
      ? [200, { 'content-type': 'text/event-stream' }, events.join('')]
      : [202, {}, { status: 'running', percentComplete: 10, links: { events: '/events' } }],
  )
  const seen: unknown[] = []
  job.subscribe(() => seen.push([job.status?.status, job.status?.percentComplete]))
  await job.finished()
  expect(seen).toEqual([
    ['running', 10],
    ['succeeded', undefined],
  ])
})

test.each([
  [{ jobId: 'a', status: 'running' }, 'a'],
  [{ taskId: 'b', status: 'running', output: [1] }, 'b'],
  [{ run: { id: 'c', status: 'in_progress', result: { half: true } } }, 'c'],
  [{ instanceId: 'd', runtimeStatus: 'Running' }, 'd'],
])('%j is a job that runs, without a result yet', async (document, id) => {
  const { job } = await jobOf((_, at) => (at === 1 ? [200, {}, document] : done))
  const [first] = await all(job)
  expect(first).toMatchObject({ id, status: 'running' })
  expect(first).not.toHaveProperty('result')
})

test('event streams are not tried again until the server is back', async () => {
  const events = { self: '/jobs/1', events: '/events' }
  const { job, server } = await jobOf(({ url }, at) => {
    if (url === '/events') return [500]
    return at < 2 ? [202, {}, { status: 'running', links: events }] : at < 6 ? [503] : done
  })
  await job.finished()
  expect(server.of('GET /events')).toHaveLength(3)
})

test('an answer that comes after it was given up changes nothing', async () => {
  let release = (_: Response) => {}
  const late = new Promise<Response>((resolve) => {
    release = resolve
  })
  let polls = 0
  const answer = (percentComplete: number) => Response.json({ status: 'running', percentComplete }, { status: 202 })
  // As some implementations of `fetch`, it ignores its signal.
  const fetch = async () => (++polls === 1 ? late : answer(50))
  const job = createClient({ fetch, requestTimeoutMs: 20, minPollMs: 50 }).resume('http://127.0.0.1/jobs/1')
  const stop = job.subscribe(() => {})
  await vi.waitUntil(() => job.status?.percentComplete === 50, { timeout: 20_000 })
  stop()
  release(answer(10))
  await new Promise(setImmediate)
  expect(job.status?.percentComplete).toBe(50)
})

test('a listener is called for changes only, and other advice for the next poll is none', async () => {
  const { job } = await jobOf((_, at) =>
    at < 4 ? [202, {}, { status: 'running', retryAfterMs: 1_000 + at }] : at < 6 ? running(10) : at < 8 ? running(20) : done,
  )
  const seen: unknown[] = []
  job.subscribe(() => seen.push(job.status?.percentComplete ?? job.status?.status))
  await job.finished()
  expect(seen).toEqual(['running', 10, 20, 'succeeded'])
})

test('a change of what only that server tells is one', async () => {
  const { job } = await jobOf((_, at) => (at < 5 ? [202, {}, { status: 'running', step: at < 3 ? 'read' : 'drawn' }] : done))
  const seen = (await all(job)).map(({ raw }) => raw)
  expect(seen).toEqual([{ status: 'running', step: 'read' }, { status: 'running', step: 'drawn' }, done[2]])
})

describe('what is known of a job is kept', () => {
  test('when it ends with a 303, whose own body is not waited for', async () => {
    const { job, server } = await jobOf(({ url }, at, res) => {
      if (url === '/r') return [200, { 'content-type': 'text/plain' }, 'done']
      if (at === 1) return running(10)
      res.writeHead(303, { location: '/r' }).write('See /r')
      return undefined
    })
    const links = { self: `${server.url}/jobs/1`, result: `${server.url}/r` }
    expect(await job.finished()).toMatchObject({ id: '1', operation: 'report', status: 'succeeded', links })
    expect(await (await job.result()).text()).toBe('done')
  })

  test('when it ends with the problem of a canceled one', async () => {
    const problem = { type: 'about:blank', code: 'job-canceled', detail: 'not needed' }
    const { job } = await jobOf((_, at) => (at === 1 ? running(10) : [409, { 'content-type': 'application/problem+json' }, problem]))
    expect((await all(job)).at(-1)).toMatchObject({ id: '1', operation: 'report', status: 'canceled', error: { detail: 'not needed' } })
  })
})
