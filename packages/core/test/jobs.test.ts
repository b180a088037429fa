import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { inProcess, type JobEngine, type JobMessage, memoryStore, waitUntil } from '../src/index'
import { createService, gate, idOf, json, location, ok, sharedStore } from './service'

beforeEach(() => void vi.useFakeTimers({ now: 1_700_000_000_000 }))
afterEach(() => void vi.useRealTimers())

describe('the life of a job', () => {
  test('accepted, running, succeeded, with its result inside the document and at its own URL', async () => {
    const { wrap, post, send } = createService()
    const go = gate()
    wrap('report', {}, async ({ handle }) => {
      await handle.progress(40, 'half way')
      await go.opened
      return { ...ok({ pages: 3 }), status: 201 }
    })
    const accepted = await post('report')
    expect(accepted?.status).toBe(202)
    expect(json(accepted)).toMatchObject({ status: 'queued', operation: 'report', links: { self: location(accepted) } })
    expect(json(accepted)).not.toHaveProperty('scheduledAt')
    await vi.advanceTimersByTimeAsync(10)
    const running = await send('GET', location(accepted))
    expect(running?.status).toBe(202)
    expect(json(running)).toMatchObject({ status: 'running', percentComplete: 40, message: 'half way' })
    go.open()
    await vi.advanceTimersByTimeAsync(10)
    const done = await send('GET', location(accepted))
    expect(done?.status).toBe(200)
    expect(json(done)).toMatchObject({ status: 'succeeded', percentComplete: 100, result: { pages: 3 } })
    const result = await send('GET', `${location(accepted)}/result`)
    expect(result).toMatchObject({ status: 201, body: '{"pages":3}' })
  })

  test('a report without a message leaves none, and of a long one a thousand characters are shown', async () => {
    const { wrap, post, send } = createService()
    const go = gate()
    wrap('report', {}, async ({ handle }) => {
      await handle.progress(10)
      await go.opened
      await handle.progress(20, 'x'.repeat(2_000))
      return new Promise(() => {})
    })
    const at = location(await post('report'))
    await vi.advanceTimersByTimeAsync(10)
    expect(json(await send('GET', at))).not.toHaveProperty('message')
    go.open()
    await vi.advanceTimersByTimeAsync(10)
    expect(json(await send('GET', at)).message).toBe('x'.repeat(1_000))
  })

  test('a throw fails it, is told to onError, and is not shown', async () => {
    const { wrap, post, send, errors } = createService()
    wrap('report', {}, async () => {
      throw new Error('password is hunter2')
    })
    const at = location(await post('report'))
    await vi.advanceTimersByTimeAsync(10)
    const failed = await send('GET', at)
    expect(json(failed)).toMatchObject({ status: 'failed', error: { code: 'handler_failed', status: 500, message: 'The handler failed.' } })
    expect(String(failed?.body)).not.toContain('hunter2')
    expect(errors).toHaveLength(1)
    expect((await send('GET', `${at}/result`))?.status).toBe(500)
  })

  test('an error that may be shown is shown', async () => {
    const { wrap, post, send } = createService()
    wrap('report', {}, async () => {
      throw Object.assign(new Error('month is missing'), { expose: true, status: 422, code: 'no_month' })
    })
    const at = location(await post('report'))
    await vi.advanceTimersByTimeAsync(10)
    expect(await send('GET', `${at}/result`)).toMatchObject({ status: 422 })
    expect(json(await send('GET', at))).toMatchObject({
      error: { code: 'no_month', message: 'month is missing', detail: 'month is missing' },
    })
  })

  test('of an error that may be shown a thousand characters are, with the status that Express reads, too', async () => {
    const { wrap, post, send } = createService()
    wrap('report', {}, async () => {
      throw Object.assign(new Error('x'.repeat(2_000)), { expose: true, statusCode: 409, code: 'no code' })
    })
    const at = location(await post('report'))
    await vi.advanceTimersByTimeAsync(10)
    expect(json(await send('GET', at))).toMatchObject({ error: { code: 'handler_failed', status: 409, message: 'x'.repeat(1_000) } })
  })

  test('a handler that never answers is stopped at maxRunMs', async () => {
    const { wrap, post, send } = createService()
    let aborted: unknown
    wrap('report', { maxRunMs: 5_000 }, ({ handle }) => {
      handle.signal.addEventListener('abort', () => {
        aborted = handle.signal.reason
      })
      return new Promise(() => {})
    })
    const at = location(await post('report'))
    await vi.advanceTimersByTimeAsync(4_990)
    expect(json(await send('GET', at)).status).toBe('running')
    await vi.advanceTimersByTimeAsync(20)
    expect(json(await send('GET', at))).toMatchObject({ status: 'failed', error: { code: 'timeout', status: 504 } })
    expect(aborted).toMatchObject({ name: 'TimeoutError' })
  })

  test('retries with doubled pauses, and counts attempts', async () => {
    const { wrap, post, send } = createService()
    const starts: number[] = []
    wrap('report', { retries: 2, backoffMs: 1_000 }, async ({ handle }) => {
      starts.push(Date.now())
      if (handle.attempt < 3) throw new Error('not yet')
      return ok('fine')
    })
    const at = location(await post('report'))
    await vi.advanceTimersByTimeAsync(10_000)
    expect(json(await send('GET', at))).toMatchObject({ status: 'succeeded', attempt: 3 })
    const [first = 0, second = 0, third = 0] = starts
    expect(second - first).toBeGreaterThanOrEqual(1_000)
    expect(third - second).toBeGreaterThanOrEqual(2_000)
  })

  test('a run that exceeds maxRunMs is retried', async () => {
    const { wrap, post, send } = createService()
    wrap('report', { retries: 1, backoffMs: 10, maxRunMs: 5_000 }, ({ handle }) =>
      handle.attempt === 1 ? new Promise(() => {}) : Promise.resolve(ok('made')),
    )
    const at = location(await post('report'))
    await vi.advanceTimersByTimeAsync(6_000)
    expect(json(await send('GET', at))).toMatchObject({ status: 'succeeded', attempt: 2, result: 'made' })
  })

  test('a 4xx is final, a 5xx is retried', async () => {
    const { wrap, post, send } = createService()
    const tries = { 404: 0, 500: 0 }
    for (const status of [404, 500] as const)
      wrap(`answers-${status}`, { retries: 1, backoffMs: 10 }, async () => {
        tries[status]++
        return { status, headers: { 'content-type': 'text/plain' }, body: `this is ${status}` }
      })
    for (const status of [404, 500] as const) {
      const at = location(await post(`answers-${status}`))
      await vi.advanceTimersByTimeAsync(1_000)
      expect(json(await send('GET', at))).toMatchObject({ status: 'failed', error: { code: 'error_response', status } })
      expect(await send('GET', `${at}/result`)).toMatchObject({ status, body: `this is ${status}` })
    }
    expect(tries).toEqual({ 404: 1, 500: 2 })
  })
})

describe('cancellation', () => {
  test('a queued job is canceled at once and never runs', async () => {
    const { wrap, post, send } = createService({ engine: inProcess({ concurrency: 1 }) })
    const go = gate()
    let runs = 0
    wrap('report', {}, async () => {
      runs++
      await go.opened
      return ok(1)
    })
    await post('report')
    const second = location(await post('report'))
    const answer = await send('DELETE', second)
    expect(answer?.status).toBe(200)
    expect(json(answer).status).toBe('canceled')
    go.open()
    await vi.advanceTimersByTimeAsync(100)
    expect(runs).toBe(1)
  })

  test('canceling a queued job makes room for another', async () => {
    const { wrap, post, send } = createService({ engine: inProcess({ concurrency: 1, maxQueued: 1 }) })
    wrap('report', {}, () => new Promise(() => {}))
    await post('report')
    const waits = location(await post('report'))
    expect((await post('report'))?.status).toBe(503)
    await send('DELETE', waits)
    expect((await post('report'))?.status).toBe(202)
  })

  test('a running one aborts its signal; a throw then is canceled', async () => {
    const { wrap, post, send, errors } = createService()
    wrap(
      'report',
      {},
      ({ handle }) =>
        new Promise((_, reject) => {
          const { signal } = handle
          signal.addEventListener('abort', () => reject(signal.reason))
          if (handle.signal !== signal) reject(new Error('another signal'))
        }),
    )
    const at = location(await post('report'))
    await vi.advanceTimersByTimeAsync(10)
    const asked = await send('POST', `${at}/cancel`)
    expect(asked).toMatchObject({ status: 202, headers: { Location: at, 'Retry-After': '1' } })
    expect(json(asked)).toMatchObject({ status: 'running', cancelRequestedAt: expect.any(String) })
    await vi.advanceTimersByTimeAsync(10)
    expect(json(await send('GET', at)).status).toBe('canceled')
    expect(errors).toEqual([])
    expect((await send('POST', `${at}/cancel`))?.status).toBe(200)
    expect((await send('GET', `${at}/result`))?.status).toBe(409)
  })

  test('a handler that reads its signal only after the cancellation finds it aborted, with the reason', async () => {
    const { wrap, post, send } = createService()
    const go = gate()
    let signal: AbortSignal | undefined
    wrap('report', {}, async ({ handle }) => {
      await go.opened
      signal = handle.signal
      signal.throwIfAborted()
      return ok('not noticed')
    })
    const at = location(await post('report'))
    await vi.advanceTimersByTimeAsync(10)
    await send('DELETE', at)
    go.open()
    await vi.advanceTimersByTimeAsync(10)
    expect(signal?.reason).toMatchObject({ name: 'AbortError', message: 'The job was canceled' })
    expect(json(await send('GET', at)).status).toBe('canceled')
  })

  test('a handler that does not stop is canceled after cancelGraceMs, and its later answer is ignored', async () => {
    const { wrap, post, send } = createService({ cancelGraceMs: 500 })
    const go = gate()
    wrap('report', {}, async () => {
      await go.opened
      return ok('too late')
    })
    const at = location(await post('report'))
    await vi.advanceTimersByTimeAsync(10)
    await send('DELETE', at)
    await vi.advanceTimersByTimeAsync(400)
    expect(json(await send('GET', at)).status).toBe('running')
    await vi.advanceTimersByTimeAsync(200)
    expect(json(await send('GET', at)).status).toBe('canceled')
    go.open()
    await vi.advanceTimersByTimeAsync(100)
    expect(json(await send('GET', at)).status).toBe('canceled')
  })

  test('a handler that answers with an error all the same fails the job, even if attempts are left', async () => {
    const { wrap, post, send } = createService()
    const go = gate()
    wrap('report', { retries: 3 }, async () => {
      await go.opened
      return { status: 500, headers: {}, body: 'half of it is done' }
    })
    const at = location(await post('report'))
    await vi.advanceTimersByTimeAsync(10)
    await send('DELETE', at)
    go.open()
    await vi.advanceTimersByTimeAsync(10)
    expect(json(await send('GET', at))).toMatchObject({ status: 'failed', error: { code: 'error_response' } })
    expect(await send('GET', `${at}/result`)).toMatchObject({ status: 500, body: 'half of it is done' })
  })

  test('a handler that answers all the same makes the job succeed; after that there is nothing to cancel', async () => {
    const { wrap, post, send, jobs } = createService()
    const go = gate()
    wrap('report', {}, async () => {
      await go.opened
      return ok('in time')
    })
    const at = location(await post('report'))
    await vi.advanceTimersByTimeAsync(10)
    await jobs.cancel(idOf(at), 'It takes too long.')
    go.open()
    await vi.advanceTimersByTimeAsync(10)
    const done = json(await send('GET', at))
    expect(done).toMatchObject({ status: 'succeeded', result: 'in time' })
    expect(done).not.toHaveProperty('error')
    expect((await send('POST', `${at}/cancel`))?.status).toBe(409)
  })
})

describe('the queue of a process', () => {
  async function running() {
    const engine = inProcess({ concurrency: 1 })
    const ran: string[] = []
    const go = gate()
    await engine.start?.(async ({ id }) => {
      ran.push(id)
      await go.opened
      return { kind: 'done' }
    })
    const give = (id: string, delayMs = 0) => engine.dispatch({ v: 1, id, operation: 'report', dispatch: 1 }, { delayMs })
    return { engine, ran, go, give }
  }

  test('accepts again a job that was removed from it, and one that has run', async () => {
    const { engine, ran, go, give } = await running()
    for (const id of ['first', 'second']) await give(id)
    await engine.cancel?.('second', 1)
    await give('second')
    await give('later', 1_000)
    await engine.cancel?.('later', 1)
    await give('later')
    go.open()
    await vi.advanceTimersByTimeAsync(10)
    expect(ran).toEqual(['first', 'second', 'later'])
    await give('first')
    await vi.advanceTimersByTimeAsync(2_000)
    expect(ran).toEqual(['first', 'second', 'later', 'first'])
  })

  test('keeps the place of a job that waits for another try when that is handed over again', async () => {
    const engine = inProcess()
    const ran: number[] = []
    await engine.start?.(async ({ dispatch }) => (ran.push(dispatch) === 1 ? { kind: 'retry', delayMs: 1_000 } : { kind: 'done' }))
    const give = (dispatch: number) => engine.dispatch({ v: 1, id: 'one', operation: 'report', dispatch }, { delayMs: 0 })
    await give(1)
    await vi.advanceTimersByTimeAsync(10)
    await give(2)
    await vi.advanceTimersByTimeAsync(500)
    expect(ran).toEqual([1])
    await vi.advanceTimersByTimeAsync(2_000)
    expect(ran).toEqual([1, 2])
  })

  test('holds a job back for longer than a timer counts', async () => {
    const { ran, give } = await running()
    const day = 86_400_000
    await give('far', 30 * day)
    await vi.advanceTimersByTimeAsync(30 * day - 1_000)
    expect(ran).toEqual([])
    await vi.advanceTimersByTimeAsync(2_000)
    expect(ran).toEqual(['far'])
  })
})

describe('purge and expiry', () => {
  test('a purge is answered with 204, later requests with 410 while the tombstone lasts, then 404', async () => {
    const { wrap, post, send, jobs } = createService({ tombstoneMs: 10_000 })
    wrap('report', {}, async () => ok(1))
    const at = location(await post('report'))
    await vi.advanceTimersByTimeAsync(10)
    expect((await send('DELETE', at))?.status).toBe(204)
    expect((await send('GET', at))?.status).toBe(410)
    expect((await send('DELETE', at))?.status).toBe(410)
    await vi.advanceTimersByTimeAsync(10_001)
    expect((await send('GET', at))?.status).toBe(404)
    expect(await jobs.get(at.slice('/jobs/'.length))).toBeNull()
  })

  test('expired: the sweeper leaves a tombstone, and the key is free again', async () => {
    const { wrap, post, send } = createService({ defaults: { resultTtlMs: 1_000 }, sweepMs: 500 })
    wrap('report', {}, async () => ok(1))
    const headers = { 'idempotency-key': 'k' }
    const first = location(await post('report', { headers }))
    await vi.advanceTimersByTimeAsync(900)
    expect(location(await post('report', { headers }))).toBe(first)
    await vi.advanceTimersByTimeAsync(700)
    expect((await send('GET', first))?.status).toBe(410)
    expect(location(await post('report', { headers }))).not.toBe(first)
  })

  test('expired and not yet swept: the read and the key find out by themselves', async () => {
    const { wrap, post, send } = createService({ defaults: { resultTtlMs: 1_000 }, sweepMs: 0 })
    wrap('report', {}, async () => ok(1))
    const headers = { 'idempotency-key': 'k' }
    const first = location(await post('report', { headers }))
    await vi.advanceTimersByTimeAsync(2_000)
    expect(location(await post('report', { headers }))).not.toBe(first)
    expect((await send('GET', first))?.status).toBe(410)
  })
})

describe('Prefer: wait', () => {
  test('on the request: the handler’s own answer when it is ready in time', async () => {
    const { wrap, post } = createService()
    wrap('report', {}, async () => {
      await new Promise((resolve) => setTimeout(resolve, 2_000))
      return { status: 201, headers: { 'x-own': 'yes' }, body: 'done' }
    })
    const answer = post('report', { headers: { prefer: 'respond-async, wait=3' } })
    await vi.advanceTimersByTimeAsync(10)
    await vi.advanceTimersByTimeAsync(2_100)
    expect(await answer).toEqual({ status: 201, headers: { 'x-own': 'yes', 'Preference-Applied': 'wait=3' }, body: 'done' })
  })

  test('by the route alone: the handler’s own answer, and no word of a preference', async () => {
    const { wrap, post } = createService()
    wrap('report', { when: { afterMs: 1_000 } }, async () => ({ status: 201, headers: { 'x-own': 'yes' }, body: 'done' }))
    const answer = post('report')
    await vi.advanceTimersByTimeAsync(10)
    expect(await answer).toEqual({ status: 201, headers: { 'x-own': 'yes' }, body: 'done' })
  })

  test('on the request that comes again with its key: the same answer, and that it is a repetition', async () => {
    const { wrap, post } = createService()
    wrap('report', {}, async () => ok('made'))
    const headers = { prefer: 'wait=3', 'idempotency-key': 'k' }
    const both = Promise.all([post('report', { headers }), post('report', { headers })])
    await vi.advanceTimersByTimeAsync(10)
    const answers = await both // either may make the job: their fingerprints are computed by threads
    const [again, ...others] = answers.filter((answer) => answer && 'Idempotency-Replayed' in answer.headers)
    expect(others).toEqual([])
    for (const answer of answers) expect(answer).toMatchObject({ status: 200, body: '"made"' })
    expect(again?.headers).toMatchObject({ 'Idempotency-Replayed': 'true' })
  })

  test('on the request: 202 when it is not', async () => {
    const { wrap, post } = createService()
    wrap('report', {}, () => new Promise(() => {}))
    const answer = post('report', { headers: { prefer: 'respond-async, wait=3' } })
    await vi.advanceTimersByTimeAsync(3_100)
    expect(await answer).toMatchObject({ status: 202, headers: { 'Preference-Applied': 'respond-async' } })
    expect(json(await answer).status).toBe('running')
  })

  test.each([
    [1_500, 'wait=2'],
    [1, 'wait=1'],
    [25_000, 'wait=3'],
    [0, 'wait=0'],
  ])('of at most %i ms is told in whole seconds: %s', async (maxWaitMs, honoured) => {
    const { wrap, post, send } = createService({ maxWaitMs })
    wrap('report', {}, async () => ok(1))
    wrap('export', {}, () => new Promise(() => {}))
    const made = post('report', { headers: { prefer: 'wait=3' } })
    await vi.advanceTimersByTimeAsync(0)
    expect((await made)?.headers['Preference-Applied']).toBe(maxWaitMs ? honoured : undefined)
    const held = send('GET', location(await post('export')), { prefer: 'wait=3' })
    await vi.advanceTimersByTimeAsync(3_000)
    expect(await held).toMatchObject({ status: 202, headers: { 'Preference-Applied': honoured } })
  })

  test('on the status: held until a change', async () => {
    const { wrap, post, send } = createService()
    const go = gate()
    wrap('report', {}, async ({ handle }) => {
      await go.opened
      await handle.progress(10)
      return new Promise(() => {})
    })
    const at = location(await post('report'))
    await vi.advanceTimersByTimeAsync(10)
    const etag = String((await send('GET', at))?.headers.ETag)
    let answered = false
    const held = send('GET', at, { prefer: 'wait=20', 'if-none-match': etag })
    void held.then(() => {
      answered = true
    })
    await vi.advanceTimersByTimeAsync(5_000)
    expect(answered).toBe(false)
    go.open()
    await vi.advanceTimersByTimeAsync(0)
    expect(json(await held)).toMatchObject({ status: 'running', percentComplete: 10 })
    expect((await held)?.headers).toMatchObject({ 'Preference-Applied': 'wait=20' })
  })

  test('on the status: 304 when nothing has changed in time, 200 at the end', async () => {
    const { wrap, post, send } = createService()
    const go = gate()
    wrap('report', {}, async () => {
      await go.opened
      return ok(1)
    })
    const at = location(await post('report'))
    await vi.advanceTimersByTimeAsync(10)
    const etag = String((await send('GET', at))?.headers.ETag)
    const unchanged = send('GET', at, { prefer: 'wait', 'if-none-match': etag })
    await vi.advanceTimersByTimeAsync(25_100)
    expect(await unchanged).toMatchObject({ status: 304, headers: { 'Preference-Applied': 'wait=25', 'Retry-After': expect.any(String) } })
    const held = send('GET', at, { prefer: 'wait=5' })
    go.open()
    await vi.advanceTimersByTimeAsync(1)
    expect((await held)?.status).toBe(200)
  })
})

describe('when the process and its store fail', () => {
  test('a full queue is 503 and stores nothing', async () => {
    const { wrap, post, jobs } = createService({ engine: inProcess({ concurrency: 1, maxQueued: 1 }), owner: () => 'me' })
    wrap('report', {}, () => new Promise(() => {}))
    expect((await post('report'))?.status).toBe(202)
    expect((await post('report'))?.status).toBe(202)
    const refused = await post('report')
    expect(refused).toMatchObject({ status: 503, headers: { 'Retry-After': '5' } })
    expect(json(refused).code).toBe('queue-full')
    expect((await jobs.list({ owner: 'me' })).jobs).toHaveLength(2)
  })

  test('a store that is down is 503 for accept and poll, and is told to onError', async () => {
    const store = memoryStore()
    const { wrap, post, send, errors } = createService({ store })
    wrap('report', {}, async () => ok(1))
    const at = location(await post('report'))
    store.insert = () => Promise.reject(new Error('connection refused'))
    store.get = () => Promise.reject(new Error('connection refused'))
    for (const answer of [await post('report'), await send('GET', at)]) {
      expect(answer).toMatchObject({ status: 503, headers: { 'Retry-After': '5' } })
      expect(json(answer).code).toBe('store-unavailable')
    }
    expect(errors).toHaveLength(2)
  })

  test('jobs that wait for their time, or are being stored, have their places in the queue', async () => {
    const { wrap, post } = createService({ engine: inProcess({ concurrency: 1, maxQueued: 2 }) })
    wrap('report', {}, () => new Promise(() => {}))
    wrap('later', { delayMs: 60_000 }, async () => ok(1))
    expect((await post('later'))?.status).toBe(202)
    const answers = await Promise.all([1, 2, 3].map(() => post('report')))
    expect(answers.map((answer) => answer?.status)).toEqual([202, 202, 503])
  })

  test('a job that could not be stored keeps no place', async () => {
    const store = memoryStore()
    const { wrap, post } = createService({ store, engine: inProcess({ concurrency: 1, maxQueued: 1 }) })
    wrap('report', {}, () => new Promise(() => {}))
    const { insert } = store
    store.insert = () => Promise.reject(new Error('connection refused'))
    for (let count = 0; count < 3; count++) expect(json(await post('report')).code).toBe('store-unavailable')
    store.insert = insert
    expect((await post('report'))?.status).toBe(202)
    expect((await post('report'))?.status).toBe(202)
  })

  test('a request that is still being read when the process stops is told so, and not that the queue is full', async () => {
    const { wrap, accept, post, jobs } = createService()
    wrap('report', {}, async () => ok(1))
    await post('report')
    const read = gate()
    const answer = accept('report', async () => {
      await read.opened
      return 'body'
    })
    const stopped = jobs.stop()
    read.open()
    expect(json(await answer).code).toBe('draining')
    await stopped
  })

  test.each([{ retries: 1, backoffMs: 10 }, { delayMs: 1_000 }])(
    '%j: what only a sweep brings back has its request, also in memory',
    async (how) => {
      const sent: JobMessage[] = []
      const engine: JobEngine = {
        capabilities: { durable: false, remote: false, maxRunMs: null, delay: false, cancel: 'none' },
        dispatch: async (message) => void sent.push(message),
      }
      const { wrap, post, jobs } = createService({ engine, sweepMs: 0 })
      const seen: unknown[] = []
      wrap('report', how, async ({ request, requestBody }) => {
        seen.push([request?.url, requestBody])
        throw new Error('no')
      })
      await post('report', { body: 'in' })
      for (const message of sent.splice(0)) await jobs.run(message)
      await vi.advanceTimersByTimeAsync(1_000)
      await jobs.sweep()
      for (const message of sent.splice(0)) await jobs.run(message)
      expect(seen).toEqual(Array('retries' in how ? 2 : 1).fill(['/report', 'in']))
    },
  )

  test('a job without a request shows what the operation says of all of its jobs', async () => {
    const { wrap, jobs } = createService()
    wrap('named', { meta: { name: 'Report' } }, async () => ok(1))
    wrap('asked', { meta: ({ user }) => ({ name: String(user) }) }, async () => ok(1))
    expect((await jobs.submit('named', null)).meta).toEqual({ name: 'Report' })
    expect((await jobs.submit('named', null, { meta: { name: 'Other' } })).meta).toEqual({ name: 'Other' })
    expect((await jobs.submit('asked', null)).meta).toBeUndefined()
  })

  test('stop: nothing more is accepted, what runs is waited for, what is left is failed as lost', async () => {
    const { wrap, post, send, jobs } = createService()
    const go = gate()
    wrap('ends', {}, async () => {
      await go.opened
      return ok(1)
    })
    wrap('hangs', {}, () => new Promise(() => {}))
    const ends = location(await post('ends'))
    const hangs = location(await post('hangs'))
    await vi.advanceTimersByTimeAsync(10)
    const stopped = jobs.stop({ drainMs: 3_000 })
    expect(json(await post('ends')).code).toBe('draining')
    await expect(jobs.submit('ends', null)).rejects.toMatchObject({ code: 'draining' })
    go.open()
    await vi.advanceTimersByTimeAsync(3_100)
    await stopped
    expect(json(await send('GET', ends)).status).toBe('succeeded')
    expect(json(await send('GET', hangs))).toMatchObject({ status: 'failed', error: { code: 'lost' } })
  })

  test('a silent worker loses its job to the next one, and its late result is refused', async () => {
    const store = sharedStore()
    const cutOff = { ...store }
    const first = createService({ store: cutOff, leaseMs: 3_000, sweepMs: 0 })
    const go = gate()
    first.wrap('report', { retries: 1 }, async () => {
      await go.opened
      return ok('from the first')
    })
    const at = location(await first.post('report'))
    await vi.advanceTimersByTimeAsync(10)
    // Its renewals do not arrive: the store is out of its reach for a while.
    cutOff.replace = () => Promise.reject(new Error('unreachable'))
    await vi.advanceTimersByTimeAsync(4_000)
    const second = createService({ store, leaseMs: 3_000, sweepMs: 0 })
    second.wrap('report', { retries: 1 }, async () => ok('from the second'))
    await second.jobs.start()
    expect(await second.jobs.sweep()).toBe(1) // seen to be overdue; whose clock is right nobody knows
    await vi.advanceTimersByTimeAsync(1_500)
    expect(await second.jobs.sweep()).toBe(1)
    await vi.advanceTimersByTimeAsync(500)
    cutOff.replace = store.replace
    go.open()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(json(await second.send('GET', at))).toMatchObject({ status: 'succeeded', attempt: 2, result: 'from the second' })
  })

  test('a process that only sweeps, as a cron trigger does, runs due jobs', async () => {
    const options = { store: sharedStore(), engine: waitUntil(), sweepMs: 0 }
    const first = createService(options)
    first.wrap('report', { delayMs: 1_000 }, async () => ok('from the first'))
    const at = location(await first.post('report'))
    await vi.advanceTimersByTimeAsync(1_000)
    const second = createService({ ...options, engine: waitUntil() })
    second.wrap('report', {}, async () => ok('from the second'))
    expect(await second.jobs.sweep({ waitUntil() {} })).toBe(1)
    await vi.advanceTimersByTimeAsync(10)
    expect(second.errors).toEqual([])
    expect(json(await second.send('GET', at))).toMatchObject({ status: 'succeeded', result: 'from the second' })
  })

  test.each([
    ['failed', 'lost', 60_000, false],
    ['failed', 'timeout', 4_500, false],
    ['canceled', 'canceled', 60_000, true],
  ])('a job whose process has died is %s (%s) when nobody is to try it again', async (status, code, maxRunMs, isCanceled) => {
    const store = sharedStore()
    const cutOff = { ...store }
    const dead = createService({ store: cutOff, leaseMs: 3_000, sweepMs: 0 })
    const other = createService({ store, leaseMs: 3_000, sweepMs: 0 })
    dead.wrap('report', { maxRunMs }, () => new Promise(() => {}))
    const at = location(await dead.post('report'))
    await vi.advanceTimersByTimeAsync(10)
    cutOff.replace = () => Promise.reject(new Error('unreachable'))
    if (isCanceled) await other.jobs.cancel(idOf(at), 'It takes too long.')
    await vi.advanceTimersByTimeAsync(4_000)
    await other.jobs.sweep()
    expect(json(await other.send('GET', at)).status).toBe('running') // whose clock is right nobody knows
    await vi.advanceTimersByTimeAsync(1_500)
    await other.jobs.sweep()
    expect(json(await other.send('GET', at))).toMatchObject({ status, error: { code } })
  })

  test('a job that one long tick kept from renewing is not taken from the process that runs it', async () => {
    const { wrap, post, send, jobs } = createService({ leaseMs: 3_000, sweepMs: 0 })
    const go = gate()
    wrap('report', {}, async () => {
      await go.opened
      return ok('after the tick')
    })
    const at = location(await post('report'))
    await vi.advanceTimersByTimeAsync(10)
    vi.setSystemTime(Date.now() + 60_000) // timers have not fired: the event loop was blocked
    expect(await jobs.sweep()).toBe(1)
    expect(json(await send('GET', at)).status).toBe('running')
    go.open()
    await vi.advanceTimersByTimeAsync(10)
    expect(json(await send('GET', at))).toMatchObject({ status: 'succeeded', result: 'after the tick' })
  })

  describe('an outcome that cannot be written at first', () => {
    /** A job whose handler has ended while nothing can be written. */
    const unwritten = async () => {
      const store = memoryStore()
      const service = createService({ store })
      const go = gate()
      service.wrap('report', {}, async () => {
        await go.opened
        return ok(1)
      })
      const at = location(await service.post('report'))
      await vi.advanceTimersByTimeAsync(10)
      const { replace } = store
      store.replace = () => Promise.reject(new Error('unreachable'))
      go.open()
      return {
        ...service,
        back: () => void Object.assign(store, { replace }),
        status: async () => json(await service.send('GET', at)).status,
      }
    }

    test.each([
      ['a moment', 100, 1_000],
      ['a minute', 60_000, 5_000],
    ])('is written when the store is back: after %s', async (_, awayMs, soonMs) => {
      const { back, status, errors } = await unwritten()
      await vi.advanceTimersByTimeAsync(awayMs)
      back()
      await vi.advanceTimersByTimeAsync(soonMs)
      expect(await status()).toBe('succeeded')
      expect(errors.length).toBeGreaterThan(0)
    })

    test('does not keep a process from stopping', async () => {
      const { jobs } = await unwritten()
      await vi.advanceTimersByTimeAsync(60_000)
      const stopped = vi.fn()
      void jobs.stop({ drainMs: 1_000 }).then(stopped)
      await vi.advanceTimersByTimeAsync(7_000)
      expect(stopped).toHaveBeenCalled()
    })
  })
})
