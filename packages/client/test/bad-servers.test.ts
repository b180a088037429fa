import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  ClientError,
  type ClientOptions,
  createClient,
  JobCanceledError,
  JobFailedError,
  type JobOptions,
  ProblemError,
  type SubmitInit,
} from '../src/index'
import { type Answer, all, closeServers, quickClock, type Script, serve } from './server'

afterEach(closeServers)

interface Options extends ClientOptions {
  accept?: Answer
}

/** Submits to a server that accepts at /jobs/1 and answers polls like this, on a clock without pauses. */
async function submitTo(polls: Script, { accept = [202, { location: '/jobs/1' }], ...options }: Options = {}) {
  const server = await serve((asked, at, res) => (asked.method === 'POST' && asked.url === '/reports' ? accept : polls(asked, at, res)))
  const { pauses, options: clock } = quickClock()
  const client = createClient({ ...clock, ...options })
  return { server, pauses, job: await client.submit<unknown>(`${server.url}/reports`, { json: {} }) }
}
const done: Answer = [200, {}, { status: 'succeeded', result: { ok: true } }]

describe('Retry-After', () => {
  test.each([
    ['2', 2_000],
    ['0', 1_000],
    ['-5', 1_000],
    ['-2050', 1_000],
    ['', 1_000],
    ['soon', 1_000],
    ['NaN', 1_000],
    ['1.0005', 1_001],
    ['(a) Sun, 22 Nov 2026 12:01:00 GMT', 1_000],
    ['1e9', 1_000],
    ['1.5', 1_500],
    ['0.0001', 250],
    ['Sun, 22 Nov 2026 12:01:00 GMT', 60_000],
    ['Sunday, 22-Nov-26 12:01:00 GMT', 60_000],
    ['Sun, 22 Nov 2020 12:01:00 GMT', 1_000],
    ['99999999999999', 86_400_000],
  ])('%j pauses for %i ms', async (field, ms) => {
    const date = { date: 'Sun, 22 Nov 2026 12:00:00 GMT' }
    const { job, pauses } = await submitTo((_, at) => (at < 2 ? [202, { 'retry-after': field, ...date }] : done))
    await job.finished()
    expect(pauses).toEqual([1_000, ms])
  })

  test('a date counts from the clock of the server that sends it', async () => {
    const fields = { 'retry-after': 'Tue, 01 Jan 2030 00:00:30 GMT', date: 'Tue, 01 Jan 2030 00:00:00 GMT' }
    const { job, pauses } = await submitTo((_, at) => (at < 2 ? [202, fields] : done))
    await job.finished()
    expect(pauses[1]).toBe(30_000)
  })

  test('a date counts from the own clock where the server does not tell its time, as to pages of another origin', async () => {
    const { job, pauses } = await submitTo((_, at, res) => {
      res.sendDate = false
      return at < 2 ? [202, { 'retry-after': 'Sun, 22 Nov 2026 12:01:01 GMT' }] : done
    })
    await job.finished()
    expect(pauses[1]).toBe(60_000)
  })

  test.each([
    [2, 1_400],
    [10, 10_000],
  ])('of %i s with retryAfterMs of 1400 in the document pauses for %i ms: the document may only say it more precisely', async (s, ms) => {
    const pending: Answer = [202, { 'retry-after': `${s}` }, { status: 'running', retryAfterMs: 1_400 }]
    const { job, pauses } = await submitTo((_, at) => (at < 2 ? pending : done))
    await job.finished()
    expect(pauses[1]).toBe(ms)
  })

  test.each([
    ['2', 10_000, 2_000],
    [undefined, 1_400, 1_400],
    [undefined, 0, 1_000],
    [undefined, -5_000, 1_000],
    [undefined, 1e12, 86_400_000],
  ])('of %s s with retryAfterMs of %i in the document pauses for %i ms', async (s, retryAfterMs, ms) => {
    const pending: Answer = [202, s === undefined ? {} : { 'retry-after': s }, { status: 'running', retryAfterMs }]
    const { job, pauses } = await submitTo((_, at) => (at < 2 ? pending : done))
    await job.finished()
    expect(pauses[1]).toBe(ms)
  })

  test.each([
    ['3', 3_600],
    ['100', 102_000],
  ])('of %s s is a floor: jitter is added, of at most two seconds', async (field, ms) => {
    const { job, pauses } = await submitTo((_, at) => (at < 2 ? [202, { 'retry-after': field }] : done), { random: () => 1 })
    await job.finished()
    expect(pauses[1]).toBe(ms)
  })

  test('without it the pauses grow to their longest while nothing changes', async () => {
    const { job, pauses } = await submitTo((_, at) => (at < 12 ? [202, {}, { status: 'running' }] : done), { maxPollMs: 5_000 })
    await job.finished()
    expect(pauses.slice(0, 3)).toEqual([1_000, 1_000, 1_500])
    expect(pauses.at(-1)).toBe(5_000)
  })
})

describe('a status of 200 while pending', () => {
  test.each([
    [{ status: 'in_progress' }, { status: 'completed' }],
    [{ status: 'processing' }, { status: 'done' }],
    [{ state: 'IN_QUEUE' }, { state: 'COMPLETED' }],
    [{ runtimeStatus: 'ContinuedAsNew' }, { runtimeStatus: 'Completed' }],
    [{ properties: { provisioningState: 'Updating' } }, { properties: { provisioningState: 'Succeeded' } }],
    [{ job: { 'job-state': 'SCHEDULED', 'job-status': 'UNDETERMINED' } }, { job: { 'job-state': 'COMPLETED', 'job-status': 'SUCCESS' } }],
    [{ status: { state: 'TASK_STATE_WORKING' } }, { status: { state: 'TASK_STATE_COMPLETED' } }],
    [
      { name: 'operations/1', done: false },
      { name: 'operations/1', done: true, response: { rows: 1 } },
    ],
    [{ status: 'baking' }, { status: 'baked' }],
    [{ processing_status: 'in_progress' }, { processing_status: 'ended' }],
    [{ jobStatus: 'processing' }, { jobStatus: 'done' }],
    [{ 'job-status': 'processing' }, { 'job-status': 'done' }],
    [{ task: { state: 'working' } }, { task: { state: 'completed' } }],
    [{ operation: { status: 'pending' } }, { operation: { status: 'done' } }],
    [{ data: { run: {}, status: 'pending' } }, { data: { status: 'done' } }],
  ])('%j is not the result', async (pending, over) => {
    const words = { baking: 'running', baked: 'succeeded' } as const
    const { job, server } = await submitTo((_, at) => [200, {}, at < 3 ? pending : over], { words })
    expect((await job.finished()).raw).toEqual(over)
    expect(server.of('GET /jobs/1')).toHaveLength(3)
  })

  test('by words of its own, even where others mean something else by them', async () => {
    const { job } = await submitTo((_, at) => (at < 3 ? [200, {}, { status: 'Stopped' }] : done), { words: { Stopped: 'running' } })
    expect((await all(job)).map(({ status }) => status)).toEqual(['queued', 'running', 'succeeded'])
  })

  test('an empty JSON body with Retry-After is pending', async () => {
    const empty: Answer = [200, { 'content-type': 'application/json', 'retry-after': '1' }]
    const { job } = await submitTo((_, at) => (at < 2 ? empty : [200, { 'content-type': 'text/csv' }, 'a,b']))
    expect(await (await job.result()).text()).toBe('a,b')
  })

  test('an answer without a body keeps what is known; progress in its header fields counts', async () => {
    const polls: Answer[] = [
      [200, {}, { status: 'running', percentComplete: 40, message: 'half', links: { cancel: '/c' } }],
      [202],
      [202, { 'x-progress': '60.5 % complete' }],
    ]
    const { job, server } = await submitTo((_, at) => polls[at - 1] ?? done)
    const list = (await all(job)).map(({ percentComplete, message, links }) => [percentComplete, message, links.cancel])
    const cancel = `${server.url}/c`
    expect(list.slice(1, -1)).toEqual([
      [40, 'half', cancel],
      [60.5, '60.5 % complete', cancel],
    ])
  })

  test.each<[string, Answer]>([
    ['X-Export-Status', [200, { 'x-export-status': '202 Accepted' }]],
    ['a document of no media type', [200, { 'content-type': '' }, '\ufeff {"status":"running"}']],
  ])('%s is pending', async (_, pending) => {
    const { job, server } = await submitTo((__, at) => (at < 3 ? pending : done))
    expect(await job.json()).toEqual({ ok: true })
    expect(server.of('GET /jobs/1')).toHaveLength(3)
  })

  test.each([
    [{ percentComplete: '40%' }, 40],
    [{ percentComplete: '' }, undefined],
    [{ percentComplete: 140 }, 100],
    [{ percent: -1 }, 0],
    [{ progress: 0.4 }, 40],
    [{ progress: 40 }, 40],
    [{ progress: 1 }, 1],
    [{ progress: 0 }, 0],
    [{ progress: 0.4, percent: 41 }, 41],
    [{ percent_complete: 41.5 }, 41.5],
    [{ job: { 'percent-complete': '7' } }, 7],
  ])('%j is %s percent', async (document, percent) => {
    const { job } = await submitTo((_, at) => (at < 2 ? [200, {}, { status: 'running', ...document }] : done))
    expect((await all(job))[1]?.percentComplete).toBe(percent)
  })

  test.each([
    { links: { cancel: '/c' } },
    { links: { cancel: { href: '/c' } } },
    { _links: { cancel: { href: '/c' } } },
    { urls: { cancel: '/c' } },
    { cancel_url: '/c' },
    { data: { cancelUrl: '/c' } },
  ])('%j says where to cancel', async (document) => {
    const { job, server } = await submitTo(({ url }) => [
      200,
      {},
      url === '/c' ? { status: 'canceled' } : { status: 'running', ...document },
    ])
    expect((await job.cancel()).status).toBe('canceled')
    expect(server.of('POST /c')).toHaveLength(1)
  })

  test('an unknown status word with a 200 is a result', async () => {
    const { job } = await submitTo((_, at) => (at < 2 ? [202] : [200, {}, { status: 'paid', total: 3 }]))
    expect(await job.json()).toEqual({ status: 'paid', total: 3 })
  })

  test.each([
    ['a list', 'application/json', '[1,2]'],
    ['another media type', 'application/pdf', 'PDF'],
    ['more than a status document can be', 'application/json', `{"rows":"${'x'.repeat(5_000_000)}"}`],
  ])('%s is a result, even with Retry-After', async (_, type, body) => {
    const { job } = await submitTo((__, at) => (at < 9 ? [200, { 'content-type': type, 'retry-after': '1' }, body] : [500]))
    expect(await (await job.result()).text()).toBe(body)
  })

  test.each(['400', '422 Unprocessable Content'])('X-Export-Status of an error, %s, is a failure', async (told) => {
    const { job } = await submitTo(() => [200, { 'x-export-status': told }, { resourceType: 'OperationOutcome' }])
    await expect(job.result()).rejects.toMatchObject({ name: 'JobFailedError', job: { raw: { resourceType: 'OperationOutcome' } } })
  })

  test.each(['completed', '200 OK'])('X-Export-Status of %j leaves a 200 what it is', async (told) => {
    const { job } = await submitTo(() => [200, { 'x-export-status': told }, { rows: 3 }])
    expect(await job.json()).toEqual({ rows: 3 })
  })

  test('a loop that is slow sees a status once, however often it was polled', async () => {
    const { job, server } = await submitTo((_, at) => (at < 9 ? [202, {}, { status: 'running' }] : done))
    const seen: string[] = []
    for await (const { status } of job) {
      seen.push(status)
      if (status === 'running') await vi.waitUntil(() => server.of('GET /jobs/1').length > 4, { timeout: 10_000 })
    }
    expect(seen).toEqual(['queued', 'running', 'succeeded'])
  })

  test('documents under a wrong media type are read', async () => {
    const { job } = await submitTo((_, at) => [
      200,
      { 'content-type': 'text/html' },
      JSON.stringify(at < 2 ? { status: 'running' } : done[2]),
    ])
    expect(await job.json()).toEqual({ ok: true })
  })

  test.each(['application/json', 'text/html', 'image/png'])('202 with rubbish as %s is pending', async (type) => {
    const { job } = await submitTo((_, at) => (at < 3 ? [202, { 'content-type': type }, '{"status": <html>'] : done))
    expect((await all(job)).map(({ status }) => status)).toEqual(['queued', 'running', 'succeeded'])
  })
})

describe('servers that are busy or broken', () => {
  test('after 429 it polls less and less often, or as Retry-After says, and never gives up', async () => {
    const { job, pauses } = await submitTo((_, at) => {
      if (at <= 8) return [429]
      return at <= 10 ? [429, { 'retry-after': '120' }] : done
    })
    expect((await job.finished()).status).toBe('succeeded')
    expect(pauses.slice(1, 9)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000])
    expect(pauses.slice(9)).toEqual([120_000, 120_000])
  })

  test('after a broken connection and after 408, 425, 502, 503 or 504 it polls again', async () => {
    const { job, server } = await submitTo((_, at, res) => {
      if (at <= 40) {
        if (at % 2) res.destroy()
        else return [[408, 425, 502, 503, 504][at % 5] as number, { 'content-type': 'text/html' }, '<h1>Bad Gateway</h1>']
        return undefined
      }
      return done
    })
    await job.finished()
    expect(server.of('GET /jobs/1')).toHaveLength(41)
  })

  test('a bare 500 is retried a few times, one with a problem code is final', async () => {
    const bare = await submitTo(() => [500, {}, 'oops'])
    await expect(bare.job.finished()).rejects.toMatchObject({ name: 'ProblemError', status: 500, code: 'http-500' })
    expect(bare.server.of('GET /jobs/1')).toHaveLength(6)
    const problem = { type: 'urn:x', title: 'No', status: 500, code: 'handler_failed' }
    const told = await submitTo(() => [500, { 'content-type': 'application/problem+json' }, problem])
    await expect(told.job.finished()).rejects.toMatchObject({ code: 'handler_failed', title: 'No', type: 'urn:x' })
    expect(told.server.of('GET /jobs/1')).toHaveLength(1)
  })

  test('another code of a server that is broken is retried as often', async () => {
    const passing = await submitTo((_, at) => (at < 6 ? [520] : done))
    expect(await passing.job.json()).toEqual({ ok: true })
    const { job, server } = await submitTo(() => [520])
    await expect(job.finished()).rejects.toMatchObject({ status: 520 })
    expect(server.of('GET /jobs/1')).toHaveLength(6)
  })

  test('one with a problem code and Retry-After is no more final than that says', async () => {
    const { job } = await submitTo((_, at) => (at < 3 ? [500, { 'retry-after': '1' }, { code: 'starting' }] : done))
    expect(await job.json()).toEqual({ ok: true })
  })

  test('a 404 right after the 202 is retried, because a replica may lag; a later one is final', async () => {
    const lagging = await submitTo((_, at) => (at <= 3 ? [404] : done))
    expect((await lagging.job.finished()).status).toBe('succeeded')
    const never = await submitTo(() => [404])
    await expect(never.job.finished()).rejects.toMatchObject({ status: 404 })
    expect(never.server.of('GET /jobs/1')).toHaveLength(4)
    const gone = await submitTo((_, at) => (at === 1 ? [202, {}, { status: 'running' }] : [404]))
    await expect(gone.job.finished()).rejects.toMatchObject({ status: 404 })
    expect(gone.server.of('GET /jobs/1')).toHaveLength(2)
  })

  test.each([401, 403, 410])('%i is believed at once, and its body can be read', async (status) => {
    const { job } = await submitTo(() => [status, { 'content-type': 'application/problem+json' }, { title: 'Go away', extra: 1 }])
    const error = await job.result().catch((thrown) => thrown)
    expect(error).toBeInstanceOf(ProblemError)
    expect(error).toMatchObject({ status, title: 'Go away', problem: { extra: 1 } })
    expect(await error.response.json()).toMatchObject({ extra: 1 })
  })

  test('a body that is cut off is asked for again', async () => {
    const { job } = await submitTo((_, at, res) => {
      if (at > 1) return done
      res.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' })
      res.write('{"status":"succ')
      setImmediate(() => res.destroy())
      return undefined
    })
    expect(await job.json()).toEqual({ ok: true })
  })

  test('a job that never ends is given up after timeoutMs, and can be resumed', async () => {
    const { job, server } = await submitTo(() => [202, { 'retry-after': '10' }, { status: 'running' }], { timeoutMs: 60_000 })
    await expect(job.finished()).rejects.toMatchObject({ name: 'ClientError', code: 'timed_out' })
    expect(server.of('GET /jobs/1').length).toBeGreaterThan(3)
    await expect(all(job)).rejects.toBe(job.error)
  })

  test('after a failed poll the next one is not held, in case a proxy cuts off held polls', async () => {
    const { job, server } = await submitTo(({ headers }, at) => {
      if (headers.prefer) return [504]
      return at < 5 ? [202, { etag: `"${at}"` }, { status: 'running', percentComplete: at }] : done
    })
    expect((await all(job)).map(({ percentComplete }) => percentComplete)).toEqual([undefined, 1, 3, undefined])
    expect(server.of('GET /jobs/1').map(({ headers }) => headers.prefer)).toEqual([undefined, 'wait=20', undefined, 'wait=20', undefined])
  }, 5_000)

  test('a request that gets no answer is given up, and made again', async () => {
    const { job, server } = await submitTo((_, at) => (at < 3 ? undefined : done), { requestTimeoutMs: 1_500 })
    await job.finished()
    expect(server.of('GET /jobs/1')).toHaveLength(3)
  })

  test('a signal stops following, and no request is made after it', async () => {
    const server = await serve(({ method }) => (method === 'POST' ? [202, { location: '/jobs/1' }] : [202, {}, { status: 'running' }]))
    const controller = new AbortController()
    const client = createClient(quickClock().options)
    const job = await client.submit(`${server.url}/reports`, { signal: controller.signal })
    const reason = new Error('enough')
    const seen: string[] = []
    const following = (async () => {
      for await (const { status } of job) {
        seen.push(status)
        if (status === 'running') controller.abort(reason)
      }
    })()
    await expect(following).rejects.toBe(reason)
    const before = server.asked.length
    await expect(job.result()).rejects.toBe(reason)
    expect(server.asked.length).toBe(before)
  })
})

/** Begins an answer that does not end. */
const begin = (res: ServerResponse, status: number, type = 'application/json', headers = {}) =>
  void res.writeHead(status, { 'content-type': type, ...headers }).write(type.includes('json') ? '{"a":' : 'part')

/** A job whose status is this; everything else of it is answered by `more`. */
async function jobOf(status: object, more: Script, options: ClientOptions & JobOptions = {}) {
  const left: string[] = []
  const server = await serve((asked, at, res) => {
    res.on('close', () => left.push(asked.url))
    return asked.url === '/j' && asked.method === 'GET' ? [200, {}, status] : more(asked, at, res)
  })
  const { signal, ...rest } = options
  return { server, left, job: createClient(rest).resume(`${server.url}/j`, { signal }) }
}
const succeeded = { status: 'succeeded', links: { result: '/r' } }

describe('an answer that does not end', () => {
  const within = { timeoutMs: 200 }
  const lateAfter = (ms: number) => ({ code: 'timed_out', message: expect.stringContaining(`within ${ms} ms`) })
  const late = lateAfter(200)

  test('of a submission: timeoutMs, the limit of a request and the signal all end it', async () => {
    const server = await serve((_, __, res) => begin(res, 202, undefined, { location: '/jobs/1' }))
    const client = createClient({ submitAttempts: 2, sleep: async () => {} })
    await expect(client.submit(server.url, {}, within)).rejects.toMatchObject(late)
    const reason = new Error('enough')
    const controller = new AbortController()
    setTimeout(() => controller.abort(reason), 200)
    await expect(client.submit(server.url, { signal: controller.signal })).rejects.toBe(reason)
    for (const body of ['text', new Blob(['upload'])]) {
      const before = server.asked.length
      const impatient = createClient({ requestTimeoutMs: 500, submitAttempts: 2, sleep: async () => {} })
      await expect(impatient.submit(server.url, { body })).rejects.toMatchObject({ code: 'unreachable' })
      expect(server.asked).toHaveLength(before + 2)
    }
    const answer = await fetch(server.url)
    await expect(client.follow(answer, within)).rejects.toMatchObject(late)
  })

  test('of a result: it may take long, but no longer than timeoutMs', async () => {
    const slow: Script = (_, __, res) => {
      begin(res, 200, 'text/plain')
      setTimeout(() => res.end(), 300)
      return undefined
    }
    const patient = await jobOf(succeeded, slow, { requestTimeoutMs: 100, timeoutMs: 10_000 })
    expect(await (await patient.job.result()).text()).toBe('part')
    const stalled: Script = (_, __, res) => begin(res, 200)
    const { job, left } = await jobOf(succeeded, stalled, within)
    await expect(job.json()).rejects.toMatchObject(late)
    await vi.waitUntil(() => left.includes('/r'))
    const controller = new AbortController()
    const given = await jobOf(succeeded, stalled, { signal: controller.signal })
    const reading = (await given.job.result()).text()
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(reading).rejects.toBe(reason)
    await vi.waitUntil(() => given.left.includes('/r'))
  })

  test('of a result that comes in place of a status', async () => {
    const server = await serve((_, __, res) => begin(res, 200, 'application/pdf'))
    const response = await createClient({ timeoutMs: 1_000 }).resume(server.url).result()
    expect([response.url, response.headers.get('content-type')]).toEqual([`${server.url}/`, 'application/pdf'])
    await expect(response.text()).rejects.toMatchObject(lateAfter(1_000))
  })

  test('of a stream', async () => {
    const status = { status: 'running', links: { stream: '/s' } }
    const { job } = await jobOf(status, (_, __, res) => begin(res, 200, 'text/plain', { etag: '"1"' }), within)
    await expect(job.stream().then((response) => response.text())).rejects.toMatchObject(late)
  })

  test('of a failure: that it failed is known', async () => {
    const failed = { status: 'failed', error: { code: 'no_paper' }, links: { result: '/r' } }
    const stalled: Script = (_, __, res) => begin(res, 500)
    const { job } = await jobOf(failed, stalled, { requestTimeoutMs: 100 })
    await expect(job.result()).rejects.toMatchObject({ name: 'JobFailedError', code: 'no_paper', response: undefined })
    // Many at once, so that the timers of some come in another order than they were set in.
    const jobs = await Promise.all(Array.from({ length: 50 }, () => jobOf(failed, stalled, within)))
    for (const ended of await Promise.allSettled(jobs.map(({ job: { result } }) => result())))
      expect(ended).toMatchObject({ status: 'rejected', reason: late })
  })

  test('nor begin: of a submission, which is made again', async () => {
    const server = await serve((_, at) => (at < 3 ? undefined : [202, { location: '/jobs/1' }]))
    const job = await createClient({ requestTimeoutMs: 1_500, sleep: async () => {} }).submit(server.url, { json: {} })
    expect([job.url, server.asked.length]).toEqual([`${server.url}/jobs/1`, 3])
  })

  test('nor begin: of a result and of a cancellation', async () => {
    await expect((await jobOf(succeeded, () => undefined, within)).job.result()).rejects.toMatchObject(late)
    await expect((await jobOf({ status: 'running' }, () => undefined, within)).job.cancel()).rejects.toMatchObject(late)
  })

  test('nor begin: of a result whose signal aborts, which ends the request', async () => {
    const controller = new AbortController()
    const { job, left, server } = await jobOf(succeeded, () => undefined, { signal: controller.signal })
    const result = job.result()
    await vi.waitUntil(() => server.of('GET /r').length > 0, { timeout: 10_000 })
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(result).rejects.toBe(reason)
    await vi.waitUntil(() => left.includes('/r'), { timeout: 10_000 })
  })

  test('timeoutMs is kept, and after it the job can still be canceled and its result fetched', async () => {
    const server = await serve(({ method }) => {
      if (method === 'POST') return [202, { location: '/jobs/1' }]
      return method === 'DELETE' ? [200, {}, { status: 'canceled' }] : [202, {}, { status: 'running' }]
    })
    const job = await createClient({ timeoutMs: 10_000 }).submit(`${server.url}/reports`, {}, { timeoutMs: 1_000 })
    await expect(job.finished()).rejects.toMatchObject(lateAfter(1_000))
    expect((await job.cancel()).status).toBe('canceled')
    const { job: done } = await jobOf(succeeded, () => [200, {}, 'all'], { timeoutMs: 1_000 })
    await done.finished()
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    expect(await (await done.result()).text()).toBe('all')
  })
})

describe('where the status is', () => {
  test.each<[string, Answer]>([
    ['relative Location', [202, { location: 'jobs/1' }]],
    ['Operation-Location before Location', [202, { 'operation-location': '/jobs/1', location: '/things/1' }]],
    ['Operation-Location on a 200', [200, { 'operation-location': '/jobs/1' }]],
    ['Azure-AsyncOperation on a 201', [201, { 'azure-asyncoperation': '/jobs/1' }, { id: 1 }]],
    ['Azure-AsyncOperation before Location', [202, { location: '/things/1', 'azure-asyncoperation': '/jobs/1' }]],
    ['Content-Location alone', [202, { 'content-location': '/jobs/1' }]],
    ['Link', [202, { link: '</jobs/1>; rel="http://www.example.com/job-status"' }]],
    ['Link before Content-Location, of several', [202, { link: '</>; rel=up, </jobs/1>; REL=Monitor', 'content-location': '/things/1' }]],
    ['Link with several relations', [202, { link: '</jobs/1>; rel="self status"' }]],
    ['links.self', [202, {}, { status: 'queued', links: { self: '/jobs/1' } }]],
    ...['statusQueryGetUri', 'statusUrl', 'status_url', 'statementStatusUrl', 'href'].map((name): [string, Answer] => [
      name,
      [202, {}, { [name]: '/jobs/1' }],
    ]),
    ['job.href', [202, {}, { job: { href: '/jobs/1' } }]],
    ['task.href', [202, {}, { task: { href: '/jobs/1', id: '1' } }]],
    ['job.@uri', [202, {}, { job: { '@uri': '/jobs/1', 'job-state': 'SCHEDULED' } }]],
    ['urls.get of a 201', [201, {}, { id: 'x', status: 'starting', urls: { get: '/jobs/1' } }]],
  ])('%s', async (_, accept) => {
    const { job, server } = await submitTo(() => done, { accept })
    expect(job.url).toBe(`${server.url}/jobs/1`)
    expect(await job.json()).toEqual({ ok: true })
  })

  test('an absolute Location at another origin: no credentials are sent there', async () => {
    const elsewhere = await serve(() => done)
    const server = await serve(() => [202, { location: `${elsewhere.url}/jobs/1` }])
    const client = createClient({ ...quickClock().options, baseUrl: server.url, headers: { 'x-api-key': 'secret' } })
    const job = await client.submit('/reports', { headers: { authorization: 'Bearer secret', cookie: 'a=secret' } })
    await job.finished()
    expect(server.asked[0]?.headers).toMatchObject({ 'x-api-key': 'secret', authorization: 'Bearer secret' })
    expect(JSON.stringify(elsewhere.asked)).not.toContain('secret')
    const trusting = createClient({
      ...quickClock().options,
      baseUrl: server.url,
      headers: { 'x-api-key': 'secret' },
      trustedOrigins: [elsewhere.url],
    })
    await (await trusting.submit('/reports', { headers: { authorization: 'Bearer secret' } })).finished()
    expect(elsewhere.asked.at(-1)?.headers).toMatchObject({ 'x-api-key': 'secret', authorization: 'Bearer secret' })
  })

  test('on another origin than the page: cookies go along after a reload, too, where they are asked for', async () => {
    const server = await serve(({ method }) =>
      method === 'POST' ? [202, { location: '/jobs/1' }] : [200, {}, { status: 'done', links: { result: '/r' } }],
    )
    const sent: (string | undefined)[] = []
    const fetch: ClientOptions['fetch'] = (url, init) => {
      sent.push(init?.credentials)
      return globalThis.fetch(url, init)
    }
    const client = createClient({ ...quickClock().options, fetch })
    await (await client.submit(server.url, { credentials: 'include' })).result()
    expect(sent.splice(0)).toEqual(['include', 'include', 'include'])
    await client.resume(`${server.url}/jobs/1`, { credentials: 'include' }).result()
    expect(sent.splice(0)).toEqual(['include', 'include'])
    const answer = await globalThis.fetch(server.url, { method: 'POST' })
    await (await client.follow(answer, { credentials: 'include' })).result()
    expect(sent.splice(0)).toEqual(['include', 'include'])
    const elsewhere = await serve(() => [200, {}, { status: 'done', links: { result: `${server.url}/r` } }])
    await client.resume(elsewhere.url, { credentials: 'include' }).result()
    expect(sent).toEqual(['include', undefined])
  })

  test('missing: an error that says so; for a GET it is where it was', async () => {
    const cause = expect.objectContaining({ status: 202 })
    await expect(submitTo(() => done, { accept: [202] })).rejects.toMatchObject({ code: 'no_status_url', cause })
    const server = await serve((_, at) => (at < 3 ? [202] : [200, {}, [1, 2]]))
    const job = await createClient(quickClock().options).submit<number[]>(`${server.url}/stats`, { method: 'GET' })
    expect(await job.json()).toEqual([1, 2])
  })

  test('is where the answer to a GET says, too', async () => {
    const server = await serve(({ url }) => (url === '/stats' ? [202, { location: '/jobs/1' }] : done))
    const job = await createClient(quickClock().options).submit(`${server.url}/stats`, { method: 'GET' })
    expect([job.url, await job.json()]).toEqual([`${server.url}/jobs/1`, { ok: true }])
  })

  test('a Location that is not an http URL is not followed', async () => {
    await expect(submitTo(() => done, { accept: [202, { location: 'javascript:alert(1)' }] })).rejects.toMatchObject({
      code: 'no_status_url',
    })
  })

  test('a result that is elsewhere, at no http URL, is an error', async () => {
    for (const headers of [{}, { location: 'javascript:alert(1)' }] as Record<string, string>[]) {
      const { job } = await submitTo(() => [303, headers])
      await expect(job.result()).rejects.toMatchObject({ name: 'ProblemError', status: 303 })
    }
  })

  test('a URL with credentials, which fetch refuses as if the connection were lost, is not followed', async () => {
    const address = 'http://ann:secret@127.0.0.1/jobs/1'
    await expect(submitTo(() => done, { accept: [202, { location: address }] })).rejects.toMatchObject({ code: 'no_status_url' })
    expect(() => createClient().resume(address)).toThrow(expect.objectContaining({ code: 'invalid_option' }))
    expect(() => createClient().resume('http://:secret@127.0.0.1/jobs/1')).toThrow(/is no http/)
    expect(createClient().resume('http://[::1]:80/jobs/a@b').url).toBe('http://[::1]/jobs/a@b')
    expect(createClient().resume('https://localhost/jobs/1').url).toBe('https://localhost/jobs/1')
  })
})

describe('redirects', () => {
  test('303 to another origin: the result comes, the credentials do not', async () => {
    const elsewhere = await serve(() => [200, { 'content-type': 'text/plain' }, 'result'])
    const server = await serve(({ method }) =>
      method === 'POST' ? [202, { location: '/jobs/1' }] : [303, { location: `${elsewhere.url}/result` }],
    )
    const client = createClient(quickClock().options)
    const job = await client.submit(`${server.url}/reports`, { headers: { authorization: 'Bearer secret', 'x-api-key': 'secret' } })
    expect((await job.finished()).status).toBe('succeeded')
    expect(elsewhere.asked).toHaveLength(0)
    expect(await (await job.result()).text()).toBe('result')
    expect(server.of('GET /jobs/1')[0]?.headers.authorization).toBe('Bearer secret')
    expect(JSON.stringify(elsewhere.asked)).not.toContain('secret')
  })

  test.each([301, 302, 307, 308])('%i of a status is followed, without credentials to another origin', async (status) => {
    const elsewhere = await serve((_, at) => (at < 2 ? [202] : done))
    const server = await serve(({ method }) =>
      method === 'POST' ? [202, { location: '/jobs/1' }] : [status, { location: `${elsewhere.url}/s` }],
    )
    const job = await createClient(quickClock().options).submit(`${server.url}/reports`, { headers: { authorization: 'Bearer secret' } })
    expect(await job.json()).toEqual({ ok: true })
    expect(JSON.stringify(elsewhere.asked)).not.toContain('secret')
  })

  test('links count from where a redirect has led, which may be from one to the next', async () => {
    const elsewhere = await serve(({ url }) => {
      if (url === '/v2/old') return [302, { location: 'jobs/1' }]
      if (url === '/v2/jobs/1') return [200, {}, { status: 'succeeded', links: { result: 'result' } }]
      return [200, {}, url]
    })
    const server = await serve(() => [302, { location: `${elsewhere.url}/v2/old` }])
    const job = createClient(quickClock().options).resume(`${server.url}/jobs/1`)
    expect(await (await job.result()).text()).toBe('/v2/jobs/result')
  })

  test('303 of a status that is elsewhere counts from there', async () => {
    const elsewhere = await serve(({ url }) => (url === '/jobs/1' ? [303, { location: '/result' }] : [200, {}, url]))
    const server = await serve(() => [307, { location: `${elsewhere.url}/jobs/1` }])
    const job = createClient(quickClock().options).resume(`${server.url}/jobs/1`)
    expect((await job.finished()).links.result).toBe(`${elsewhere.url}/result`)
  })

  test('to no http URL end with an error', async () => {
    const { job, server } = await submitTo(() => [302, { location: 'mailto:a@b' }])
    await expect(job.finished()).rejects.toMatchObject({ code: 'too_many_redirects', message: expect.stringContaining('mailto:a@b') })
    expect(server.of('GET /jobs/1')).toHaveLength(1)
  })

  test('with a body that does not end are followed, and their connection is left', async () => {
    const left: string[] = []
    const { job } = await submitTo(({ url }, _, res) => {
      if (url === '/s') return done
      res.on('close', () => left.push(url))
      res.writeHead(302, { location: '/s' }).write('See /s')
      return undefined
    })
    expect(await job.json()).toEqual({ ok: true })
    await vi.waitUntil(() => left.includes('/jobs/1'))
  })

  test('of a HEAD stay one', async () => {
    const server = await serve(({ url }) => (url === '/old' ? [302, { location: '/new' }] : [200]))
    await createClient().submit(`${server.url}/old`, { method: 'HEAD' })
    expect(server.asked.map(({ method }) => method)).toEqual(['HEAD', 'HEAD'])
  })

  test('in a browser, which does not tell where they lead, are followed by it, with Authorization as the only field of the caller', async () => {
    const server = await serve(({ method, url }) => {
      if (method === 'POST') return [202, { location: '/jobs/1' }]
      if (url === '/jobs/1') return [302, { location: '/v2/jobs/1' }]
      return url === '/v2/jobs/1' ? [200, {}, { status: 'succeeded', links: { result: 'result' } }] : [200, {}, url]
    })
    const inBrowser: ClientOptions['fetch'] = async (url, init) => {
      const response = await fetch(url, init)
      return response.status === 302 ? Object.defineProperty(Response.error(), 'type', { value: 'opaqueredirect' }) : response
    }
    const headers = { authorization: 'Bearer secret', 'x-api-key': 'secret' }
    const client = createClient({ ...quickClock().options, fetch: inBrowser, headers })
    expect(await (await (await client.submit(`${server.url}/reports`)).result()).text()).toBe('/v2/jobs/result')
    const [followed] = server.of('GET /v2/jobs/1')
    expect(followed?.headers).toMatchObject({ authorization: 'Bearer secret', accept: 'application/json, */*;q=0.5' })
    expect(followed?.headers).not.toHaveProperty('x-api-key')
    const bare = createClient({ ...quickClock().options, fetch: inBrowser })
    await bare.resume(`${server.url}/jobs/1`).finished()
    expect(server.of('GET /v2/jobs/1').at(-1)?.headers).not.toHaveProperty('authorization')
  })

  test('loops end with an error: of the status, of the result', async () => {
    const status = await submitTo(() => [302, { location: '/jobs/1' }])
    await expect(status.job.finished()).rejects.toMatchObject({ code: 'too_many_redirects' })
    expect(status.server.of('GET /jobs/1')).toHaveLength(11)
    const result = await submitTo(() => [303, { location: '/jobs/1' }])
    await expect(result.job.result()).rejects.toMatchObject({ code: 'too_many_redirects' })
  })

  test('307 of a submission whose body is a stream says that it cannot be sent again', async () => {
    const server = await serve(() => [307, { location: '/new' }])
    await expect(createClient().submit(server.url, { body: new Blob(['a']).stream() })).rejects.toMatchObject({
      code: 'too_many_redirects',
    })
    expect(server.asked).toHaveLength(1)
  })

  test('307 and 308 of a submission send the body again, 303 goes where it points', async () => {
    const server = await serve(({ url }) => {
      if (url === '/old') return [307, { location: '/new' }]
      if (url === '/new') return [308, { location: '/newest' }]
      if (url === '/newest') return [303, { location: '/made' }]
      return [200, {}, { made: true }]
    })
    const job = await createClient().submit(`${server.url}/old`, { json: { a: 1 } })
    expect(await job.json()).toEqual({ made: true })
    expect(server.asked.map(({ method, url, body }) => `${method} ${url} ${body}`)).toEqual([
      'POST /old {"a":1}',
      'POST /new {"a":1}',
      'POST /newest {"a":1}',
      'GET /made ',
    ])
    expect(server.asked.at(-1)?.headers).not.toHaveProperty('content-type')
  })
})

describe('results', () => {
  test('a large body that is not a status document is streamed, to the last byte', async () => {
    const large = 'x'.repeat(9_000_000)
    const text = await submitTo(() => [200, { 'content-type': 'text/plain' }, large])
    expect((await (await text.job.result()).text()).length).toBe(large.length)
    const json = await submitTo(() => [200, {}, { status: 'succeeded', large }])
    expect(((await json.job.json()) as { large: string }).large.length).toBe(large.length)
  })

  test('a pending document that is too large is ignored', async () => {
    const { job } = await submitTo((_, at) => (at < 2 ? [202, {}, { status: 'running', message: 'x'.repeat(5_000_000) }] : done))
    expect((await all(job)).map(({ status, message }) => [status, message])).toEqual([
      ['queued', undefined],
      ['running', undefined],
      ['succeeded', undefined],
    ])
  })

  test.each([...['download_link', 'download_url', 'downloadUrl', 'result_url', 'results_url', 'resultUrl', 'resourceLocation']])(
    '%s is followed',
    async (name) => {
      const { job } = await submitTo(({ url }) =>
        url === '/jobs/1' ? [200, {}, { status: 'done', [name]: '/file.pdf' }] : [200, {}, 'PDF'],
      )
      expect(await (await job.result()).text()).toBe('PDF')
    },
  )

  test('a result that is not there yet is waited for', async () => {
    const notYet: Answer[] = [[503], [404, { 'retry-after': '7' }], [429]]
    const { job, pauses } = await submitTo(({ url }, at) => {
      if (url === '/jobs/1') return [200, {}, { status: 'done', links: { result: '/r' } }]
      return at < 4 ? (notYet[at - 1] ?? [500]) : [200, {}, 'ready']
    })
    expect(await (await job.result()).text()).toBe('ready')
    expect(pauses.slice(-3)).toEqual([500, 7_000, 2_000])
  })

  test('of any media type is asked for; what comes in place of one that is not there yet is not read to its end', async () => {
    const { job, left, server } = await jobOf(succeeded, (_, at, res) =>
      at === 1 ? begin(res, 404, 'text/html', { 'retry-after': '0.001' }) : [200, { 'content-type': 'text/csv' }, 'a,b'],
    )
    expect(await (await job.result()).text()).toBe('a,b')
    expect(server.of('GET /r').map(({ headers }) => headers.accept)).toEqual(['*/*', '*/*'])
    await vi.waitUntil(() => left.filter((url) => url === '/r').length === 2)
  })

  test('of a failed job that is no error says nothing of the failure', async () => {
    const failed = { status: 'failed', error: { code: 'no_paper', status: 507 }, links: { result: '/r' } }
    const { job } = await submitTo(({ url }) => (url === '/r' ? [200, {}, { code: 'fine' }] : [200, {}, failed]))
    await expect(job.result()).rejects.toMatchObject({ name: 'JobFailedError', code: 'no_paper', status: 507, response: undefined })
  })

  test('one that is not there, and never will be, is not waited for', async () => {
    const { job, server } = await submitTo(({ url }) =>
      url === '/jobs/1' ? [200, {}, { status: 'done', links: { result: '/r' } }] : [404],
    )
    await expect(job.result()).rejects.toMatchObject({ name: 'ProblemError', status: 404 })
    expect(server.of('GET /r')).toHaveLength(4)
  })

  test.each<[object, unknown]>([
    [{ status: 'done', output: { rows: 3 } }, { rows: 3 }],
    [{ status: 'done', output: 0 }, 0],
    [{ done: true, response: { rows: 3 } }, { rows: 3 }],
    [{ status: 'done', data: { result: [3] } }, [3]],
    [{ status: 'done', result: 1, output: 2, response: 3 }, 1],
    [{ status: 'done', output: 2, response: 3 }, 2],
  ])('%j has its result in it', async (document, result) => {
    const { job, server } = await submitTo(() => [200, {}, document])
    expect([await job.json(), await (await job.result()).json()]).toEqual([result, result])
    expect(server.asked).toHaveLength(2)
  })

  test('a result that a replica does not have yet is waited for', async () => {
    const { job } = await submitTo(({ url }, at) => {
      if (url === '/jobs/1') return [200, {}, { status: 'done', links: { result: '/r' } }]
      return at < 3 ? [404] : [200, {}, 'ready']
    })
    expect(await (await job.result()).text()).toBe('ready')
  })

  test('one that came in place of a status can be read more than once', async () => {
    const { job } = await submitTo((_, at) => (at === 1 ? [200, { 'content-type': 'text/csv' }, 'a,b'] : [410]))
    for (let times = 0; times < 2; times++) expect(await (await job.result()).text()).toBe('a,b')
  })

  test('a failure is an error of its own, with the problem; a cancellation is another', async () => {
    const error = { type: 'urn:x', title: 'No paper', status: 422, code: 'no_paper', detail: 'Tray 2 is empty.', tray: 2 }
    const failed = await submitTo(() => [200, {}, { status: 'failed', error }])
    const failure = await failed.job.result().catch((thrown) => thrown)
    expect(failure).toBeInstanceOf(JobFailedError)
    expect(failure).toMatchObject({ code: 'no_paper', status: 422, message: 'Tray 2 is empty.', problem: { tray: 2 } })
    const canceled = await submitTo(() => [200, {}, { status: 'cancelled' }])
    const cancellation = await canceled.job.json().catch((thrown) => thrown)
    expect(cancellation).toBeInstanceOf(JobCanceledError)
    const told = { code: 'job-canceled', status: 409, type: 'about:blank', message: 'The job was canceled.', job: { status: 'canceled' } }
    expect(cancellation).toMatchObject(told)
    const reason = { code: 'left', status: 410, detail: 'The owner left.', title: 'Left', message: 'left' }
    const why = await submitTo(() => [200, {}, { status: 'canceled', error: reason }])
    await expect(why.job.json()).rejects.toMatchObject({ message: 'The owner left.', code: 'left', status: 410 })
    const conflict = await submitTo(() => [409, { 'content-type': 'application/problem+json' }, { code: 'job-canceled' }])
    expect((await conflict.job.finished()).status).toBe('canceled')
  })

  test.each<[string, Record<string, string>, object]>([
    [
      'a problem, which adds to what the status tells',
      { 'content-type': 'application/problem+json' },
      { code: 'no_paper', tray: 2, ink: 1 },
    ],
    ['no problem, though it looks like one', {}, { code: 'no_paper', tray: 2 }],
  ])('the answer of a failed job may be %s', async (_, headers, told) => {
    const failed = { status: 'failed', error: { code: 'no_paper', tray: 2 }, links: { result: '/r' } }
    const { job } = await submitTo(({ url }) => (url === '/r' ? [422, headers, { code: 'no_paper', ink: 1 }] : [200, {}, failed]))
    const error = await job.result().catch((thrown) => thrown)
    expect(error).toMatchObject({ name: 'JobFailedError', status: 422, problem: told })
    expect(await error.response.json()).toEqual({ code: 'no_paper', ink: 1 })
    if (!('ink' in told)) expect(error.problem).not.toHaveProperty('ink')
  })

  test('a result without a body is no JSON, and no error', async () => {
    const { job } = await submitTo(({ url }) => (url === '/jobs/1' ? [200, {}, { status: 'done', links: { result: '/r' } }] : [201]))
    expect(await job.json()).toBeUndefined()
    const broken = await submitTo(() => [200, { 'content-type': 'text/plain' }, '{"a":'])
    await expect(broken.job.json()).rejects.toThrow(SyntaxError)
  })

  test.each<[string, object, object]>([
    ['a text', { status: 'error', error: 'No paper' }, { message: 'No paper' }],
    ['an object', { status: 'failed', error: { code: 'no_paper', message: 'No paper' } }, { code: 'no_paper', message: 'No paper' }],
    ['a failure', { status: 'FAILED', failure: 'No paper' }, { message: 'No paper' }],
    ['an error before a failure', { status: 'FAILED', error: 'No paper', failure: 'E17' }, { message: 'No paper' }],
    ['details before a message', { status: 'failed', error: { message: 'E17', detail: 'No paper' } }, { message: 'No paper' }],
    ['an operation that is done', { done: true, error: { code: 'no_paper' } }, { code: 'no_paper' }],
    ['nothing', { status: 'failed' }, { message: 'The job failed.' }],
  ])('the error of a failed job may be %s', async (_, document, told) => {
    const { job } = await submitTo(() => [200, {}, document])
    await expect(job.result()).rejects.toMatchObject({ name: 'JobFailedError', ...told })
  })

  test('one that came in place of a status, and was compressed, says no more that it is', async () => {
    const text = gzipSync('a,b')
    const { job } = await submitTo((_, __, res) => {
      res.writeHead(200, { 'content-type': 'text/csv', 'content-encoding': 'gzip', 'content-length': text.length }).end(text)
      return undefined
    })
    const response = await job.result()
    expect([...response.headers.keys()].filter((name) => /^content-/.test(name))).toEqual(['content-type'])
    expect(await response.text()).toBe('a,b')
  })

  test.each([200, 201, 204])('an immediate answer of %i is a finished job', async (status) => {
    const { job, server } = await submitTo(() => [500], {
      accept: [status, status === 204 ? {} : { location: '/things/1' }, status === 204 ? '' : { id: 7 }],
    })
    expect(job.url).toBeUndefined()
    expect((await all(job)).map(({ status }) => status)).toEqual(['succeeded'])
    expect((await job.result()).status).toBe(status)
    expect(await job.json()).toEqual(status === 204 ? undefined : { id: 7 })
    expect(server.asked).toHaveLength(1)
  })

  test.each<[string, Answer]>([
    ['finished, with an address of its own', [201, { location: '/things/1' }, { status: 'done' }]],
    ['pending, as an order may be, and has no status URL', [200, {}, { status: 'pending', total: 3 }]],
  ])('an immediate answer may be %s', async (_, accept) => {
    const { job, server } = await submitTo(() => [500], { accept })
    expect([job.url, job.status?.raw, await job.json()]).toEqual([undefined, accept[2], accept[2]])
    expect(server.asked).toHaveLength(1)
  })
})

describe('canceling', () => {
  test('a busy server is asked again, but not forever', async () => {
    const busy = await submitTo(({ method }, at) =>
      method === 'DELETE' ? (at < 3 ? [503, { 'retry-after': '7' }] : [204]) : [200, {}, { status: at < 2 ? 'running' : 'canceled' }],
    )
    expect((await busy.job.cancel()).status).toBe('canceled')
    expect(busy.server.asked.map(({ method }) => method)).toEqual(['POST', 'GET', 'DELETE', 'DELETE', 'DELETE', 'GET'])
    expect(busy.pauses).toEqual([7_000, 7_000])
    const never = await submitTo(({ method }) => (method === 'DELETE' ? [429] : [202, {}, { status: 'running' }]))
    await expect(never.job.cancel()).rejects.toMatchObject({ code: 'unreachable' })
    expect(never.server.of('DELETE /jobs/1')).toHaveLength(5)
  })

  test('a job that ends before its cancel comes is not canceled, and no error', async () => {
    const { job } = await submitTo(({ method }, at) => (method === 'DELETE' ? [409] : at < 2 ? [202, {}, { status: 'running' }] : done))
    expect((await job.cancel()).status).toBe('succeeded')
  })

  test('is a request that guards against forged forms let through: it has the media type of JSON', async () => {
    const answer: Script = ({ url }) => [200, {}, url === '/c' ? { status: 'canceled' } : { status: 'running', links: { cancel: '/c' } }]
    const { job, server } = await submitTo(answer)
    await job.cancel()
    expect(server.of('POST /c')).toMatchObject([{ headers: { 'content-type': 'application/json' }, body: '{}' }])
    const bare = await submitTo(answer, { plain: true })
    await bare.job.cancel()
    expect(bare.server.of('POST /c')[0]?.headers).not.toHaveProperty('content-type')
  })

  test('accepted without a document keeps what is known of the job', async () => {
    const known = { status: 'running', percentComplete: 40, links: { cancel: '/c' } }
    const { job, server } = await submitTo(({ url }) => (url === '/c' ? [202] : [200, {}, known]))
    expect(await job.cancel()).toMatchObject({ status: 'running', percentComplete: 40, links: { cancel: `${server.url}/c` } })
  })

  test('waits as long as a busy server says before the status is read again, and tells why it was given up', async () => {
    const { job, server, pauses } = await submitTo(() => [503, { 'retry-after': '7' }], { submitAttempts: 3 })
    const cause = expect.objectContaining({ message: 'The server answered 503.' })
    await expect(job.cancel()).rejects.toMatchObject({ code: 'unreachable', cause })
    expect([server.asked.map(({ method }) => method), pauses]).toEqual([
      ['POST', 'GET', 'GET', 'GET'],
      [7_000, 7_000],
    ])
  })

  test('pauses longer each time, and no longer for what a busy server said before', async () => {
    const busy: Answer[] = [[503], [503], [503, { 'retry-after': '9' }]]
    const { job, pauses } = await submitTo(({ method }, at, res) => {
      if (method === 'GET') return [202, {}, { status: 'running' }]
      return at === 4 ? void res.destroy() : (busy[at - 1] ?? [200, {}, { status: 'canceled' }])
    })
    expect((await job.cancel()).status).toBe('canceled')
    expect(pauses).toEqual([500, 1_000, 9_000, 4_000])
  })

  test('asks for a document, not for the page that it may be answered with, and DELETE sends nothing', async () => {
    const { job, server } = await submitTo(({ method }) => [200, {}, { status: method === 'GET' ? 'running' : 'canceled' }])
    await job.cancel()
    const [asked] = server.of('DELETE /jobs/1')
    expect([asked?.headers.accept, asked?.headers['content-type'], asked?.body]).toEqual(['application/json', undefined, ''])
  })

  test('an answer that sends to the status is followed there', async () => {
    const { job } = await submitTo(({ url }, at) => {
      if (url === '/c') return [303, { location: '/jobs/1' }]
      return [200, {}, { status: at < 2 ? 'running' : 'canceled', links: { cancel: '/c' } }]
    })
    expect((await job.cancel()).status).toBe('canceled')
  })

  test('an answer that tells no state is not the result', async () => {
    const { job } = await submitTo(({ method }, at) => {
      if (method === 'DELETE') return [200, {}, { message: 'on its way' }]
      return [200, {}, { status: at < 2 ? 'running' : 'canceled' }]
    })
    expect((await job.cancel()).status).toBe('canceled')
  })

  test.each<[string, Answer]>([
    ['sends to its result', [303, { location: '/r' }]],
    ['is its result', [200, { 'content-type': 'text/csv' }, 'a,b']],
  ])('a job whose status %s is not canceled, and its result is neither fetched nor purged', async (_, answer) => {
    const server = await serve(() => answer)
    expect((await createClient().resume(`${server.url}/jobs/1`).cancel()).status).toBe('succeeded')
    expect(server.asked.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /jobs/1'])
  })

  test('a server that cannot cancel is reported as a problem', async () => {
    const { job } = await submitTo(({ method }) => (method === 'DELETE' ? [405] : [202, {}, { status: 'running' }]))
    await expect(job.cancel()).rejects.toMatchObject({ status: 405 })
  })
})

describe('submitting', () => {
  const keys = (asked: readonly { headers: Record<string, unknown> }[]) => asked.map(({ headers }) => headers['idempotency-key'])

  test('is tried again with the same key and the same bytes, a form too', async () => {
    const busy: Answer[] = [[503], [429, { 'retry-after': '7' }]]
    const server = await serve((_, at, res) => {
      if (at === 1) return void res.destroy()
      return at < 4 ? (busy[at - 2] ?? [500]) : [202, { location: '/jobs/1' }]
    })
    const { pauses, options } = quickClock()
    const form = new FormData()
    form.append('file', new Blob(['rows']), 'rows.csv')
    await createClient(options).submit(`${server.url}/reports`, { body: form })
    expect(server.asked).toHaveLength(4)
    expect(new Set(keys(server.asked)).size).toBe(1)
    expect(keys(server.asked)[0]).toMatch(/^[\da-f-]{36}$/)
    expect(new Set(server.asked.map(({ headers, body }) => `${headers['content-type']}${body}`)).size).toBe(1)
    expect(server.asked[0]?.body).toContain('rows.csv')
    const [, boundary = '?'] = /boundary=(.+)$/.exec(server.asked[0]?.headers['content-type'] ?? '') ?? []
    expect(server.asked[0]?.body).toContain(`--${boundary}--`)
    expect(pauses[2]).toBe(7_000)
  })

  test('of a Request sends its body, in Firefox too, which does not show one', async () => {
    const server = await serve(() => [200, {}, done])
    const headers = { 'content-type': 'text/csv' }
    for (const shown of [true, false]) {
      const request = new Request(server.url, { method: 'PUT', headers, body: 'a,b' })
      if (!shown) Object.defineProperty(request, 'body', { value: undefined })
      await createClient().submit(request)
    }
    await createClient().submit(new Request(server.url))
    await createClient().submit(new Request(server.url, { method: 'POST' }))
    expect(server.asked.map(({ method, headers, body }) => [method, headers['content-type'], body])).toEqual([
      ['PUT', 'text/csv', 'a,b'],
      ['PUT', 'text/csv', 'a,b'],
      ['GET', undefined, ''],
      ['POST', undefined, ''],
    ])
  })

  test.each([null, false, 0, ''])('of %j as JSON sends that', async (json) => {
    const server = await serve(() => [200])
    await createClient().submit(server.url, { json })
    expect(server.asked.map(({ body, headers }) => [body, headers['content-type']])).toEqual([[JSON.stringify(json), 'application/json']])
  })

  test('has fields that are its own, and those of no other request; the first poll comes when its answer says', async () => {
    const { pauses, options } = quickClock()
    const server = await serve(({ method }) => (method === 'POST' ? [202, { location: '/jobs/1', 'retry-after': '7' }] : done))
    const own = { prefer: 'respond-async, wait=5', accept: 'application/pdf', 'idempotency-key': 'mine', 'content-language': 'de' }
    await (await createClient(options).submit(server.url, { json: {}, headers: { ...own, 'x-tenant': 'a' } })).finished()
    const [submitted, poll] = server.asked
    expect(submitted?.headers).toMatchObject({ ...own, 'x-tenant': 'a' })
    expect(poll?.headers).toMatchObject({ accept: 'application/json, */*;q=0.5', 'x-tenant': 'a' })
    for (const name of ['prefer', 'idempotency-key', 'content-language', 'content-type']) expect(poll?.headers).not.toHaveProperty(name)
    expect(pauses).toEqual([7_000])
  })

  test('with a media type of its own keeps that', async () => {
    const server = await serve(() => [200])
    await createClient().submit(server.url, { json: {}, headers: { 'content-type': 'application/vnd.api+json' } })
    await createClient().submit(server.url, { body: 'a,b', headers: { 'content-type': 'text/csv' } })
    expect(server.asked.map(({ headers }) => headers['content-type'])).toEqual(['application/vnd.api+json', 'text/csv'])
  })

  test('of form fields is tried again, and by a method in small letters', async () => {
    const server = await serve((_, at, res) => (at === 1 ? void res.destroy() : [200, {}, done]))
    await createClient(quickClock().options).submit(server.url, { method: 'patch', body: new URLSearchParams({ month: '06' }) })
    expect(server.asked.map(({ method, body }) => [method, body])).toEqual([
      ['PATCH', 'month=06'],
      ['PATCH', 'month=06'],
    ])
  })

  test.each(['GET', 'HEAD'])('by %s is tried again, and needs no key for that', async (method) => {
    const server = await serve((_, at, res) => (at === 1 ? void res.destroy() : [200]))
    await createClient(quickClock().options).submit(server.url, { method })
    expect(keys(server.asked)).toEqual([undefined, undefined])
  })

  test('of a file may take longer than an answer', async () => {
    const server = await serve((_, __, res) => void setTimeout(() => res.end(), 300))
    await createClient({ requestTimeoutMs: 100 }).submit(server.url, { body: new Blob(['rows']) })
    expect(server.asked).toHaveLength(1)
  })

  test('is not tried again after a 500: the work may have been done', async () => {
    const server = await serve(() => [500])
    await expect(createClient(quickClock().options).submit(server.url)).rejects.toMatchObject({ code: 'http-500' })
    expect(server.asked).toHaveLength(1)
  })

  test('is not made where its signal has aborted before', async () => {
    const server = await serve(() => [200])
    const reason = new Error('too late')
    await expect(createClient().submit(server.url, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(server.asked).toEqual([])
  })

  test('with a key among the header fields keeps that', async () => {
    const server = await serve(() => [200])
    await createClient().submit(server.url, { headers: { 'idempotency-key': 'mine' } })
    expect(keys(server.asked)).toEqual(['mine'])
  })

  test('is not tried again after a 409 unless an answer was lost before', async () => {
    const server = await serve(() => [409])
    await expect(createClient(quickClock().options).submit(server.url)).rejects.toMatchObject({ status: 409 })
    expect(server.asked).toHaveLength(1)
  })

  test('is waited for where an answer was lost and the server still works on it: 409 without a code', async () => {
    const lostFirst = async (then: Answer, init: SubmitInit = { json: {} }) => {
      const server = await serve((_, at, res) => (at === 1 ? void res.destroy() : at < 4 ? then : [202, { location: '/jobs/1' }]))
      const submitted = createClient({ ...quickClock().options, submitAttempts: 4 }).submit(server.url, init)
      const outcome = await submitted.then(
        (job) => job.url,
        (error) => [error.name, error.status],
      )
      return { server, outcome, tries: server.asked.length }
    }
    const waited = await lostFirst([409])
    expect(waited).toMatchObject({ outcome: `${waited.server.url}/jobs/1`, tries: 4 })
    expect(await lostFirst([409, {}, { code: 'idempotency_conflict' }])).toMatchObject({ outcome: ['ProblemError', 409], tries: 2 })
    expect(await lostFirst([409], { method: 'GET' })).toMatchObject({ outcome: ['ProblemError', 409], tries: 2 })
    expect(await lostFirst([422])).toMatchObject({ outcome: ['ProblemError', 422], tries: 2 })
    const endless = await serve((_, at, res) => (at === 1 ? void res.destroy() : [409]))
    const cause = expect.objectContaining({ status: 409 })
    await expect(createClient(quickClock().options).submit(endless.url)).rejects.toMatchObject({ code: 'unreachable', cause })
  })

  test('to a server that is busy is tried less and less often; the last answer is the error', async () => {
    const { pauses, options } = quickClock()
    const server = await serve(() => [503])
    await expect(createClient(options).submit(server.url)).rejects.toMatchObject({ name: 'ProblemError', status: 503 })
    expect(pauses).toEqual([500, 1_000, 2_000, 4_000])
    await expect(createClient().submit(server.url, { body: new Blob(['a']).stream() })).rejects.toMatchObject({ status: 503 })
    expect(server.asked).toHaveLength(6)
  })

  test('to an address that is not there is tried once', async () => {
    const server = await serve(() => [404])
    await expect(createClient().submit(server.url)).rejects.toMatchObject({ status: 404 })
    expect(server.asked).toHaveLength(1)
  })

  test('of a stream is tried once, with a key of its own too', async () => {
    const server = await serve((_, __, res) => void res.destroy())
    const init = { body: new Blob(['a']).stream(), headers: { 'idempotency-key': 'mine' } }
    await expect(createClient(quickClock().options).submit(server.url, init)).rejects.toThrow(/was not answered\.$/)
    expect(keys(server.asked)).toEqual(['mine'])
  })

  test('each submission has a key of its own', async () => {
    const server = await serve(() => [200])
    const client = createClient()
    for (let n = 0; n < 2; n++) await client.submit(server.url, { json: n })
    expect(new Set(keys(server.asked)).size).toBe(2)
  })

  test.each<[string, Parameters<ReturnType<typeof createClient>['submit']>]>([
    ['a stream', ['', { body: new Blob(['a']).stream() }]],
    ['what was told to have no key', ['', { body: 'a' }, { idempotencyKey: false }]],
  ])('%s is sent once', async (_, [, init, options]) => {
    const server = await serve((__, ___, res) => void res.destroy())
    const client = createClient(quickClock().options)
    await expect(client.submit(server.url, init, options)).rejects.toMatchObject({ code: 'unreachable' })
    expect(server.asked).toHaveLength(1)
    expect(keys(server.asked)).toEqual([undefined])
  })

  test('of a stream sends what is in it, once, in Firefox too, which takes it for a text', async () => {
    const server = await serve((_, at, res) => (at > 1 ? void res.destroy() : [200]))
    const textual = (init: RequestInit = {}) => (init.body instanceof ReadableStream ? { ...init, body: String(init.body) } : init)
    const InFirefox = class extends Request {
      constructor(input: string, init?: RequestInit) {
        super(input, textual(init))
      }
    }
    vi.stubGlobal('Request', InFirefox)
    const client = createClient({ fetch: (url, init) => fetch(url, textual(init)) })
    await client.submit(server.url, { body: new Blob(['a,b']).stream(), headers: { 'content-type': 'text/csv' } })
    await expect(client.submit(server.url, { body: new Blob(['c,d']).stream() })).rejects.toMatchObject({ code: 'unreachable' })
    vi.unstubAllGlobals()
    expect(server.asked.map(({ headers, body }) => [headers['content-type'], body])).toEqual([
      ['text/csv', 'a,b'],
      [undefined, 'c,d'],
    ])
  })

  test('is given up after so many tries, with the reason', async () => {
    const { url, close } = await serve(() => [200])
    close()
    const error = await createClient({ ...quickClock().options, submitAttempts: 3 })
      .submit(url)
      .catch((thrown) => thrown)
    expect(error).toBeInstanceOf(ClientError)
    expect(error).toMatchObject({ code: 'unreachable', cause: expect.any(Error) })
  })

  test('what the server refuses is a problem, asked once', async () => {
    const refused = { type: 'urn:x', title: 'Which month?', status: 422, code: 'no_month' }
    const server = await serve(() => [422, { 'content-type': 'application/problem+json' }, refused])
    await expect(createClient().submit(server.url)).rejects.toMatchObject({ status: 422, code: 'no_month', title: 'Which month?' })
    expect(server.asked).toHaveLength(1)
  })

  test.each([
    [{ error: 'Which month?' }, { message: 'Which month?', code: 'http-422', type: 'about:blank' }],
    [
      { title: 'Which month?', message: 'E17' },
      { message: 'E17', title: 'Which month?' },
    ],
    [{ error: { code: 'no_month', message: 'Which month?' } }, { message: 'Which month?', code: 'no_month' }],
    [{ error: 'invalid_request', error_description: 'Which month?' }, { message: 'Which month?' }],
    [
      { error: { code: 'no_month', message: 'Which month?' }, code: 'E17', message: 'Bad request' },
      { message: 'Which month?', code: 'no_month' },
    ],
    [
      { status: 4_017, detail: 'Which month?' },
      { message: 'Which month?', status: 422, problem: { status: 4_017, detail: 'Which month?' } },
    ],
  ])('%j is a problem, too', async (body, told) => {
    const server = await serve(() => [422, {}, body])
    await expect(createClient().submit(server.url)).rejects.toMatchObject({ name: 'ProblemError', ...told })
  })

  test('a plain client sends no field of its own', async () => {
    const server = await serve(({ method }, at) => (method === 'POST' || at < 3 ? [202, { location: '/jobs/1', etag: '"1"' }] : done))
    await (await createClient({ ...quickClock().options, plain: true }).submit(server.url)).finished()
    for (const { headers } of server.asked) expect(Object.keys(headers).filter((name) => /^if-|prefer|idempotency/.test(name))).toEqual([])
  })

  test('a pause too long for a timer does not become one of a millisecond', async () => {
    const server = await serve(({ method }) => (method === 'POST' ? [202, { location: '/jobs/1' }] : [200, {}, { status: 'running' }]))
    const job = await createClient({ minPollMs: Number.POSITIVE_INFINITY }).submit(server.url, {}, { signal: AbortSignal.timeout(300) })
    await expect(job.finished()).rejects.toMatchObject({ name: 'TimeoutError' })
    expect(server.asked.filter(({ method }) => method === 'GET')).toEqual([])
  })

  /** As JavaScript lets it through. */
  const wrong = (value: unknown) => value as never
  const invalid = (message: string) => expect.objectContaining({ code: 'invalid_option', message: expect.stringContaining(message) })

  test.each<[string, unknown, string]>([
    ['an address in place of options', 'https://api.example.com', 'options must be an object, as { baseUrl }'],
    ['nothing in place of options', null, 'options must be an object'],
    ['a baseUrl without a scheme', { baseUrl: 'api.example.com' }, '"api.example.com" is no http(s) URL, as baseUrl must be'],
    ['one that looks as if it had one', { baseUrl: 'localhost:3000' }, '"localhost:3000" is no http(s) URL, as baseUrl must be'],
    ['a trusted origin without one', { trustedOrigins: ['status.example.com'] }, 'as trustedOrigins must be'],
    ['header fields that are none', { headers: 'x' }, 'Headers'],
    ['a header field that cannot be sent', { headers: { authorization: 'Bearer ключ' } }, 'ByteString'],
    ['a fetch that is none', { fetch: { default: fetch } }, 'fetch must be a function'],
  ])('by a client with %s is refused when it is made, not tried for ever', (_, options, message) => {
    expect(() => createClient(wrong(options))).toThrow(invalid(message))
  })

  test.each([null, undefined])('at %s, as what was kept of a job may be, is not at a relative address of that name', async (nothing) => {
    const client = createClient({ baseUrl: 'http://localhost' })
    expect(() => client.resume(wrong(nothing))).toThrow(invalid(`"${nothing}" is no http(s) URL`))
    await expect(client.submit(wrong(nothing))).rejects.toEqual(invalid(`"${nothing}" is no http(s) URL`))
  })

  test('with a key that is no text is refused: two jobs would have the key "true"', async () => {
    const server = await serve(() => [200])
    const submitted = createClient().submit(server.url, {}, { idempotencyKey: wrong(true) })
    await expect(submitted).rejects.toEqual(invalid('idempotencyKey must be a string'))
    expect(server.asked).toEqual([])
  })

  test('with header fields from a function that cannot be sent is refused, and following ends with them, too', async () => {
    const client = createClient({ ...quickClock().options, headers: () => ({ authorization: 'Bearer ключ' }) })
    await expect(client.submit('http://localhost')).rejects.toEqual(invalid('ByteString'))
    await expect(client.resume('http://localhost/jobs/1').finished()).rejects.toEqual(invalid('ByteString'))
  })

  test('misuse is found at once', async () => {
    expect(() => createClient({ minPollMs: 0 })).toThrow(/minPollMs/)
    expect(() => createClient({ maxPollMs: Number.NaN })).toThrow(/maxPollMs/)
    const below: ClientOptions = { timeoutMs: -1, requestTimeoutMs: 0, submitAttempts: 0, minPollMs: 49, maxPollMs: 999, waitSeconds: -1 }
    for (const [name, value] of Object.entries(below)) expect(() => createClient({ [name]: value })).toThrow(name)
    expect(() => createClient({ header: {} } as ClientOptions)).toThrow(
      expect.objectContaining({ code: 'invalid_option', message: 'header is not an option' }),
    )
    const fromEnv = { timeoutMs: '5000' as unknown as number }
    expect(() => createClient(fromEnv)).toThrow(/timeoutMs must be a number from 0, not string 5000/)
    expect(() => createClient().resume('http://localhost/jobs/1', fromEnv)).toThrow(/timeoutMs/)
    await expect(createClient().submit('http://localhost', {}, fromEnv)).rejects.toMatchObject({ code: 'invalid_option' })
    const misspelt = { timeout: 5_000 } as JobOptions
    const unknown = expect.objectContaining({ code: 'invalid_option', message: 'timeout is not an option' })
    await expect(createClient().submit('http://localhost', {}, misspelt)).rejects.toEqual(unknown)
    expect(() => createClient().resume('http://localhost/jobs/1', misspelt)).toThrow(unknown)
    await expect(createClient().follow(Response.json({}), misspelt)).rejects.toEqual(unknown)
    expect(() => createClient().resume('/jobs/1')).toThrow(/baseUrl/)
    expect(() => createClient({ baseUrl: 'http://localhost' }).resume('')).toThrow('"" is no http(s) URL.')
    await expect(createClient().submit('http://localhost', { json: 1, body: 'a' })).rejects.toThrow(/json/)
    await expect(createClient().submit('http://localhost', { headers: { 'a b': 'c' } })).rejects.toMatchObject({ code: 'invalid_option' })
    for (const init of [{ method: 'GET', body: 'a' }, { method: 'TRACE' }])
      await expect(createClient().submit('http://localhost', init)).rejects.toMatchObject({ code: 'invalid_option' })
    await expect(createClient().submit('http://localhost', {}, { idempotencyKey: 'ключ' })).rejects.toMatchObject({
      code: 'invalid_option',
    })
  })
})

test.each(['constructor', '__proto__', 'toString'])('a status of %j is no word, and the answer a result', async (status) => {
  const server = await serve(() => [200, { 'content-type': 'application/json' }, `{"status":"${status}"}`])
  const { options } = quickClock()
  expect((await createClient(options).resume(server.url).finished()).status).toBe('succeeded')
})
