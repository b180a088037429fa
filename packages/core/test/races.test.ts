import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type ErrorContext, inProcess, isEvents, type Job, type JobStore, memoryStore } from '../src/index'
import { createService, gate, idOf, json, location, ok, sharedStore } from './service'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A job that runs, and has its result once `go` is open; `get` is that of its store, whose own may be replaced. */
async function runningJob() {
  const store = memoryStore()
  const { get } = store
  const { wrap, post, send } = createService({ store })
  const go = gate()
  wrap('report', {}, async () => {
    await go.opened
    return ok('made')
  })
  const at = location(await post('report'))
  await vi.advanceTimersByTimeAsync(10)
  return { store, get, send, go, at }
}

describe('between two steps', () => {
  test('a job that is canceled before its handler has begun never calls it', async () => {
    const { wrap, post, send } = createService()
    let runs = 0
    wrap('report', {}, async () => ok(++runs))
    const at = location(await post('report'))
    expect((await send('DELETE', at))?.status).toBe(202)
    await vi.advanceTimersByTimeAsync(10)
    expect(json(await send('GET', at)).status).toBe('canceled')
    expect(runs).toBe(0)
  })

  test('a job that finishes while a DELETE is under way is not purged by it', async () => {
    const { store, get, send, go, at } = await runningJob()
    store.get = async (...asked) => {
      const running = await get(...asked)
      store.get = get
      go.open()
      await vi.advanceTimersByTimeAsync(10)
      return running
    }
    expect(json(await send('DELETE', at))).toMatchObject({ status: 409, code: 'job-already-finished' })
    expect(json(await send('GET', at))).toMatchObject({ status: 'succeeded', result: 'made' })
    expect((await send('DELETE', at))?.status).toBe(204)
  })

  test('a job whose record is gone is stopped by the next thing that it writes', async () => {
    const store = memoryStore()
    const { wrap, post, errors } = createService({ store })
    const go = gate()
    let signal: AbortSignal | undefined
    wrap('report', {}, async ({ handle }) => {
      signal = handle.signal
      await go.opened
      await handle.progress(10)
      return ok(signal.aborted)
    })
    const at = location(await post('report'))
    await vi.advanceTimersByTimeAsync(10)
    await store.remove(idOf(at))
    go.open()
    await vi.advanceTimersByTimeAsync(10)
    expect(signal?.reason).toMatchObject({ name: 'AbortError', message: 'The job is over, or another worker has it' })
    expect(errors).toEqual([])
  })

  test('a result that goes while it is read is gone, and not empty', async () => {
    const store = sharedStore()
    const { wrap, post, send, jobs } = createService({ store })
    wrap('report', {}, async () => ({ status: 200, headers: { 'content-type': 'text/csv' }, body: new Uint8Array(5_000) }))
    const at = location(await post('report'))
    await vi.waitFor(async () => expect(json(await send('GET', at)).status).toBe('succeeded'))
    const { get } = store
    store.get = async (id, view) => {
      if (view === 'full') await jobs.purge(id)
      return get(id, view)
    }
    expect((await send('GET', `${at}/result`))?.status).toBe(410)
  })

  test.each([
    [3_600_000, 410],
    [0, 404],
  ])('a job that somebody writes to while it is purged goes all the same, with a tombstone of %i ms', async (tombstoneMs, status) => {
    const store = memoryStore()
    const { wrap, post, send } = createService({ store, tombstoneMs })
    wrap('report', {}, async () => ok(1))
    const at = location(await post('report'))
    await vi.advanceTimersByTimeAsync(10)
    const { replace, remove } = store
    const first = async () => {
      Object.assign(store, { replace, remove })
      const job = await store.get(idOf(at))
      if (job) await replace({ ...job, version: job.version + 1 })
    }
    store.replace = (...write) => first().then(() => replace(...write))
    store.remove = (...asked) => first().then(() => remove(...asked))
    expect((await send('DELETE', at))?.status).toBe(204)
    expect((await send('GET', at))?.status).toBe(status)
  })

  test('a job that two purge at once has one tombstone, for as long as others have', async () => {
    const { wrap, post, send } = createService()
    wrap('report', {}, async () => ok(1))
    const at = location(await post('report'))
    await vi.advanceTimersByTimeAsync(10)
    const [first, second] = await Promise.all([send('DELETE', at), send('DELETE', at)])
    expect([first?.status, second?.status]).toEqual([204, 204])
    expect((await send('GET', at))?.status).toBe(410)
  })

  test('a job that has the id of one that was purged meanwhile is left alone', async () => {
    const store = memoryStore()
    const { wrap, post, send } = createService({ store, tombstoneMs: 0 })
    wrap('report', {}, async () => ok(1))
    const at = location(await post('report'))
    await vi.advanceTimersByTimeAsync(10)
    const { remove } = store
    store.remove = async (id, version) => {
      const job = (await store.get(id, 'full')) as Job
      await remove(id)
      await store.insert({ ...job, version: 1, status: 'queued', finishedAt: undefined, expiresAt: undefined })
      return remove(id, version)
    }
    expect((await send('DELETE', at))?.status).toBe(204)
    expect((await store.get(idOf(at)))?.status).toBe('queued')
  })

  test('a cancel by another process that comes before a throw ends the job, whatever attempts are left', async () => {
    const store = sharedStore()
    const [here, there] = [createService({ store, sweepMs: 0 }), createService({ store, sweepMs: 0 })]
    const go = gate()
    here.wrap('report', { retries: 3, backoffMs: 60_000 }, async () => {
      await go.opened
      throw new Error('no')
    })
    const at = location(await here.post('report'))
    await vi.advanceTimersByTimeAsync(10)
    await there.jobs.cancel(idOf(at))
    go.open()
    await vi.advanceTimersByTimeAsync(10)
    expect(json(await there.send('GET', at)).status).toBe('canceled')
  })

  test('a repeat is answered with what its first try made, although nothing new would be taken', async () => {
    const limits = [{ maxPerOwner: 1, owner: () => 'ada' }, { engine: inProcess({ concurrency: 1, maxQueued: 1 }) }]
    for (const limit of limits) {
      const { wrap, post } = createService(limit)
      wrap('report', {}, () => new Promise(() => {}))
      const keyed = { headers: { 'idempotency-key': '"a"' } }
      const at = location(await post('report', keyed))
      for (let status = 202; status === 202; status = (await post('report'))?.status ?? 0);
      const again = await post('report', keyed)
      expect([again?.status, location(again), again?.headers['Idempotency-Replayed']]).toEqual([202, at, 'true'])
      const reused = await post('report', { ...keyed, body: 'other' })
      expect([reused?.status, reused?.headers['Retry-After']]).toEqual([422, undefined])
      expect([429, 503]).toContain((await post('report', { headers: { 'idempotency-key': '"b"' } }))?.status)
    }
  })

  test('a job whose request is nowhere is lost, and never run with an empty one', async () => {
    const store = memoryStore()
    const { claim } = store
    store.claim = async () => {
      store.claim = claim
      throw new Error('away for a moment')
    }
    const { wrap, post, send, jobs } = createService({ store, engine: inProcess({ concurrency: 1 }), startDeadlineMs: 1_000 })
    const go = gate()
    let runs = 0
    wrap('report', {}, async () => {
      runs++
      await go.opened
      return ok(1)
    })
    await post('report')
    const at = location(await post('report', { body: 'in' })) // waits for the first, and with it what was kept of its request
    go.open()
    await vi.advanceTimersByTimeAsync(1_000)
    await jobs.sweep()
    await vi.advanceTimersByTimeAsync(10)
    expect([runs, json(await send('GET', at))]).toMatchObject([1, { status: 'failed', error: { code: 'lost' } }])
  })

  test('a new id that is that of the job of another owner, with the same key: it is not theirs', async () => {
    const ids = ['one', 'one', 'two']
    const { wrap, jobs } = createService({ newId: () => ids.shift() ?? 'none' })
    wrap('invoice', {}, async () => ok('sent'))
    await jobs.submit('invoice', 1, { owner: 'ada', idempotencyKey: 'key' })
    expect(await jobs.submit('invoice', 1, { owner: 'bob', idempotencyKey: 'key' })).toMatchObject({ id: 'two', owner: 'bob' })
  })

  test('one key for two operations is a conflict', async () => {
    const { wrap, jobs } = createService()
    for (const name of ['invoice', 'charge']) wrap(name, {}, async () => ok(name))
    const how = { owner: 'ada', idempotencyKey: 'key' }
    await jobs.submit('invoice', 1, how)
    await expect(jobs.submit('charge', 1, how)).rejects.toMatchObject({ code: 'idempotency_conflict' })
  })
})

describe('a clock that is set back', () => {
  test('does not hold up the renewals of a lease', async () => {
    let back = 0
    const renewed: number[] = []
    const store = sharedStore()
    const { replace } = store
    store.replace = async (next, events) => {
      renewed.push(next.version)
      return replace(next, events)
    }
    const { wrap, post } = createService({ store, sweepMs: 0, leaseMs: 3_000, now: () => Date.now() - back })
    wrap('report', {}, () => new Promise(() => {}))
    await post('report')
    await vi.advanceTimersByTimeAsync(100)
    back = 3_600_000
    await vi.advanceTimersByTimeAsync(4_000)
    expect(renewed.length).toBeGreaterThanOrEqual(3)
  })

  test('does not hold a poll for longer than it was to wait', async () => {
    let back = 0
    const { wrap, post, send } = createService({ now: () => Date.now() - back })
    wrap('report', {}, () => new Promise(() => {}))
    const at = location(await post('report'))
    await vi.advanceTimersByTimeAsync(10)
    const { headers } = (await send('GET', at)) ?? {}
    const polled = send('GET', at, { prefer: 'wait=1', 'if-none-match': String(headers?.ETag) })
    await vi.advanceTimersByTimeAsync(10)
    back = 3_600_000
    await vi.advanceTimersByTimeAsync(1_100)
    expect(await Promise.race([polled, 'held'])).toMatchObject({ status: 304 })
  })
})

describe('who hears of it', () => {
  test('onError hears of a claim that fails', async () => {
    const alone = sharedStore()
    const store: JobStore = { ...alone, claim: () => Promise.reject(new Error('connection refused')) }
    const { wrap, jobs, errors } = createService({ store, sweepMs: 0, engine: inProcess({ concurrency: 1 }) })
    wrap('report', {}, async () => ok(1))
    for (let count = 0; count < 2; count++) await jobs.submit('report', count) // the second one waits, and is claimed
    await vi.advanceTimersByTimeAsync(100)
    expect(errors).toMatchObject([{ message: 'connection refused' }])
  })

  test.each(['progress', 'renew'])('onError hears of a %s that cannot be written, and the handler goes on', async (during) => {
    const store = memoryStore()
    const { replace } = store
    const told: unknown[] = []
    const onError = (error: unknown, about: ErrorContext) => told.push([String(error), about])
    const { wrap, post, send } = createService({ store, leaseMs: 3_000, sweepMs: 0, onError })
    wrap('report', {}, async ({ handle }) => {
      store.replace = () => Promise.reject(new Error('connection refused'))
      if (during === 'progress') await handle.progress(10)
      else await new Promise((resolve) => setTimeout(resolve, 1_010))
      store.replace = replace
      await handle.progress(20)
      return ok(1)
    })
    const at = location(await post('report'))
    await vi.advanceTimersByTimeAsync(1_100)
    expect(told).toEqual([['Error: connection refused', { during, id: idOf(at), operation: 'report' }]])
    expect(json(await send('GET', at))).toMatchObject({ status: 'succeeded', percentComplete: 100 })
  })

  test('an onError that throws breaks nothing else', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
    const onError = () => {
      throw new Error('no log')
    }
    const { wrap, post, send } = createService({ onError })
    wrap('report', {}, async () => {
      throw new Error('no')
    })
    const at = location(await post('report'))
    await vi.advanceTimersByTimeAsync(10)
    expect(json(await send('GET', at)).status).toBe('failed')
    expect(logged).toHaveBeenCalled()
    logged.mockRestore()
  })

  test('a held poll is answered although an event stream of the same job fails', async () => {
    let broken = false
    const status = ({ id, status }: { id: string; status: string }) => {
      if (broken) throw new Error('no words')
      return { body: { id, status } }
    }
    const { wrap, post, send } = createService({ representation: { status } })
    const go = gate()
    wrap('report', {}, async () => {
      await go.opened
      return ok(1)
    })
    const at = location(await post('report'))
    await vi.advanceTimersByTimeAsync(10)
    const { body } = (await send('GET', `${at}/events`)) ?? {}
    if (!body || !isEvents(body)) throw new Error('no events')
    body.open({ write: () => true, end() {}, fail() {} })
    const { headers } = (await send('GET', at)) ?? {}
    let answered = false
    const polled = send('GET', at, { prefer: 'wait=20', 'if-none-match': String(headers?.ETag) }).finally(() => {
      answered = true
    })
    await vi.advanceTimersByTimeAsync(10)
    broken = true
    go.open()
    await vi.advanceTimersByTimeAsync(10)
    expect(answered).toBe(true)
    await polled.catch(() => {})
  })

  test('a new event stream begins with what its own read has seen', async () => {
    const store = sharedStore()
    const [here, there] = [createService({ store, sweepMs: 0 }), createService({ store, sweepMs: 0 })]
    here.wrap('report', {}, async ({ handle }) => {
      await handle.progress(7)
      await new Promise((resolve) => setTimeout(resolve, 100))
      await handle.progress(11)
      return new Promise(() => {})
    })
    const at = location(await here.post('report'))
    await vi.advanceTimersByTimeAsync(10)
    const listen = async () => {
      const { body } = (await there.send('GET', `${at}/events`)) ?? {}
      const pieces: string[] = []
      if (!body || !isEvents(body)) throw new Error('no events')
      const write = (piece: string | Uint8Array) => pieces.push(typeof piece === 'string' ? piece : new TextDecoder().decode(piece)) > 0
      const { close } = body.open({ write, end() {}, fail() {} })
      return { pieces, close }
    }
    const first = await listen()
    await vi.advanceTimersByTimeAsync(95)
    const { get } = store
    const slow = gate()
    // Only what is read for the line itself has seen the change: the feed's own reads are slow.
    const second = await (async () => {
      const listening = listen()
      store.get = async (id, view) => {
        await slow.opened
        return get(id, view)
      }
      return listening
    })()
    expect(second.pieces.join('')).toContain('"percentComplete":11')
    slow.open()
    for (const line of [first, second]) line.close()
  })
})

describe('what comes in another form', () => {
  test('a store whose methods want it for their `this`, as those of a class do', async () => {
    const inner = sharedStore({ watch: async function* () {} })
    const store: JobStore = new Proxy(Object.assign(inner, { capabilities: { ...inner.capabilities, watch: true } }), {
      get(target, name) {
        const value = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        return function (this: unknown, ...given: unknown[]) {
          if (this !== store) throw new TypeError(`${String(name)} is called without its store`)
          return value.apply(target, given)
        }
      },
    })
    const { wrap, post, send, errors } = createService({ store, sweepMs: 0 })
    wrap('report', {}, async () => ok(1))
    const polled = send('GET', location(await post('report')), { prefer: 'wait=1' })
    await vi.advanceTimersByTimeAsync(1_000)
    expect(json(await polled)).toMatchObject({ status: 'succeeded' })
    expect(errors).toEqual([])
  })

  test('a message that is no text, an owner without a name, a clock with fractions', async () => {
    const { wrap, jobs, send } = createService({ now: () => Date.now() + 0.25 })
    let reported: unknown
    wrap('report', {}, async ({ handle }) => {
      reported = await handle.progress(5, 7 as never)
      return ok(1)
    })
    const job = await jobs.submit('report', 1, { owner: '' })
    await jobs.submit('report', 2)
    await vi.advanceTimersByTimeAsync(10)
    expect(reported).toBeUndefined()
    expect(job).toMatchObject({ owner: null } satisfies Partial<Job>)
    expect(json(await send('GET', `/jobs/${job.id}`))).toMatchObject({ status: 'succeeded', message: '7' })
    const { cursor } = await jobs.list({ owner: null, limit: 1 })
    expect((await jobs.list({ owner: null, limit: 1, cursor })).jobs).toHaveLength(1)
  })
})

test('a client that waits learns of a change that comes while the job is read', async () => {
  const { store, get, send, go, at } = await runningJob()
  const tag = String((await send('GET', at))?.headers.ETag)
  const isRead = gate()
  let reads = 0
  store.get = async (id, view) => {
    const found = await get(id, view)
    if (++reads === 2) await isRead.opened
    return found
  }
  const answer = send('GET', at, { prefer: 'wait=20', 'if-none-match': tag })
  await vi.advanceTimersByTimeAsync(10)
  go.open() // the job ends after it was read, and before the reader knows what it has read
  await vi.advanceTimersByTimeAsync(10)
  isRead.open()
  await vi.advanceTimersByTimeAsync(10)
  expect(reads).toBe(3)
  expect(json(await answer)).toMatchObject({ status: 'succeeded' })
})
