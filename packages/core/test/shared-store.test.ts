import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  type Answer,
  type BlobStore,
  type DispatchContext,
  inProcess,
  isEvents,
  isStream,
  type Job,
  type JobEngine,
  type JobMessage,
  type JobStore,
  JobsError,
  memoryStore,
  type Runner,
} from '../src/index'
import { observedLeases } from '../src/leases'
import { newRecord } from './record'
import { createService, gate, idOf, json, location, ok, type Service } from './service'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A memory store that several services share, as processes share a server, and that counts how often it is asked. */
function sharedStore(extra: Partial<JobStore> = {}) {
  const alone = memoryStore()
  const calls: string[] = []
  const counted =
    <Args extends unknown[], Result>(name: string, call: (...args: Args) => Promise<Result>) =>
    (...args: Args) => {
      calls.push(name)
      return call(...args)
    }
  const store: JobStore = {
    ...alone,
    capabilities: { ...alone.capabilities, durable: true, shared: true, ...extra.capabilities },
    insert: counted('insert', alone.insert),
    get: counted('get', alone.get),
    replace: counted('replace', alone.replace),
    claim: counted('claim', async (id, version, changes) => {
      const job = await alone.get(id)
      if (job?.version !== version) return { claimed: false, job }
      const next = { ...job, ...changes }
      await alone.replace(next)
      return { claimed: true, job: next }
    }),
    ...extra,
  }
  return { store, calls }
}

/** A queue that others consume: `take` runs the messages in the services that were started. */
function remoteQueue(capabilities: Partial<JobEngine['capabilities']> = {}) {
  const messages: JobMessage[] = []
  const contexts: DispatchContext[] = []
  const runners: Runner[] = []
  const engine: JobEngine = {
    capabilities: { durable: true, remote: true, maxRunMs: null, delay: true, cancel: 'none', ...capabilities },
    async dispatch(message, context) {
      messages.push(message)
      contexts.push(context)
    },
    async start(run) {
      runners.push(run)
    },
  }
  const take = () => (runners[0] as Runner)(messages.shift() as JobMessage, {})
  return { engine, messages, contexts, runners, take }
}

const DONE = { kind: 'done' }

function mapBlobs(): BlobStore & { bodies: Map<string, Uint8Array> } {
  const bodies = new Map<string, Uint8Array>()
  return {
    bodies,
    maxBodyBytes: 10_000_000,
    async write(id, name, index, chunk) {
      bodies.set(`${id} ${name} ${index}`, new Uint8Array(chunk))
    },
    read: async (id, name, index) => bodies.get(`${id} ${name} ${index}`) ?? null,
    async remove(id, keep) {
      for (const key of [...bodies.keys()]) if (key.startsWith(`${id} `) && key.split(' ')[1] !== keep) bodies.delete(key)
    },
  }
}
const CHUNK = 262_144
const pattern = (size: number) => Uint8Array.from({ length: size }, (_, at) => at % 251)
/** A request whose body comes in pieces of a size that fits no chunk. */
const upload = (bytes: Uint8Array) => async (_limit: number, _wanted: boolean, large?: { write(piece: Uint8Array): Promise<void> }) => {
  for (let at = 0; at < bytes.length; at += 100_003) await large?.write(bytes.subarray(at, at + 100_003))
  return null
}
const collect = async (body: unknown) => {
  const pieces: Uint8Array[] = []
  for await (const piece of body as AsyncIterable<Uint8Array>) pieces.push(piece)
  return Buffer.concat(pieces)
}

describe('round trips to a shared store', () => {
  test('accept 1, claim 1, progress 1, finish 1, poll 1: a job and its poll are five', async () => {
    const { store, calls } = sharedStore()
    const queue = remoteQueue()
    const { wrap, post, send, jobs } = createService({ store, engine: queue.engine })
    wrap('report', {}, async ({ handle }) => {
      await handle.progress(50)
      return ok('made')
    })
    await jobs.start()
    const at = location(await post('report', { body: 'in' }))
    expect(calls).toEqual(['insert'])
    expect(await queue.take()).toEqual(DONE)
    expect(json(await send('GET', at))).toMatchObject({ status: 'succeeded', percentComplete: 100 })
    expect(calls).toEqual(['insert', 'claim', 'replace', 'replace', 'get'])
  })

  test('a job for which this process has a free slot: two', async () => {
    const { store, calls } = sharedStore()
    const { wrap, post } = createService({ store })
    wrap('report', {}, async () => ok('made'))
    await post('report')
    await vi.advanceTimersByTimeAsync(10)
    expect(calls).toEqual(['insert', 'replace'])
  })

  test('claimed by a worker whose clock is behind, the time of its last change goes forward: a page shows nothing older than it has', async () => {
    const { store } = sharedStore()
    const queue = remoteQueue()
    const { post, send, wrap } = createService({ store, engine: queue.engine })
    const behind = createService({ store, engine: queue.engine, now: () => Date.now() - 60_000 })
    wrap('report', {}, async () => ok('made'))
    behind.wrap('report', {}, async ({ handle }) => {
      await vi.advanceTimersByTimeAsync(1_000)
      times.push(json(await send('GET', at)).lastUpdatedAt)
      await handle.progress(50)
      times.push(json(await send('GET', at)).lastUpdatedAt)
      return ok('made')
    })
    await behind.jobs.start()
    const at = location(await post('report'))
    const times = [json(await send('GET', at)).lastUpdatedAt]
    await queue.take()
    times.push(json(await send('GET', at)).lastUpdatedAt)
    expect(times).toHaveLength(4)
    expect(times).toEqual([...times].sort())
  })

  test('a poll held by the process that claims is answered at once, without another read', async () => {
    const { store } = sharedStore()
    const queue = remoteQueue()
    const { wrap, post, send, jobs } = createService({ store, engine: queue.engine })
    wrap('report', {}, () => new Promise(() => {}))
    await jobs.start()
    const at = location(await post('report'))
    const held = send('GET', at, { prefer: 'wait=20' })
    await vi.advanceTimersByTimeAsync(5_000)
    void queue.take()
    await vi.advanceTimersByTimeAsync(1)
    expect(json(await Promise.race([held, undefined])).status).toBe('running')
  })

  test('a job that was canceled before its claim is not run, and one that has had an attempt is claimed by comparing', async () => {
    const { store, calls } = sharedStore()
    const queue = remoteQueue()
    const { wrap, post, send, jobs } = createService({ store, engine: queue.engine, defaults: { backoffMs: 1 } })
    const ran = vi.fn(async ({ handle }: { handle: { attempt: number } }) => ({ ...ok('made'), status: handle.attempt === 1 ? 500 : 200 }))
    wrap('report', { retries: 1 }, ran)
    await jobs.start()
    const canceled = location(await post('report'))
    await send('DELETE', canceled)
    expect(await queue.take()).toMatchObject({ kind: 'skip' })
    expect(ran).not.toHaveBeenCalled()

    await post('report')
    const [message] = queue.messages
    expect(await queue.take()).toMatchObject({ kind: 'retry' })
    calls.length = 0
    queue.messages.push(message as JobMessage)
    expect(await queue.take()).toEqual(DONE)
    expect(calls).toEqual(['claim', 'replace', 'replace'])
    expect(ran).toHaveBeenCalledTimes(2)
  })

  test('the stray message of a job that was inserted as running claims nothing', async () => {
    const { store } = sharedStore()
    const { wrap, post, jobs } = createService({ store })
    const go = gate()
    wrap('report', {}, async () => {
      await go.opened
      return ok('made')
    })
    const id = location(await post('report')).slice('/jobs/'.length)
    await vi.advanceTimersByTimeAsync(1)
    expect(await jobs.run({ v: 1, id, operation: 'report', dispatch: 1 })).toMatchObject({ kind: 'skip' })
    go.open()
  })
})

describe('who consumes', () => {
  test('of a remote queue a process that accepts takes nothing until it is started; a start that fails can be tried again', async () => {
    const { store } = sharedStore()
    const queue = remoteQueue()
    const start = queue.engine.start as NonNullable<JobEngine['start']>
    queue.engine.start = vi.fn().mockRejectedValueOnce(new Error('no server')).mockImplementation(start)
    const { wrap, post, jobs } = createService({ store, engine: queue.engine })
    wrap('report', {}, async () => ok('made'))
    await post('report')
    expect(queue.runners).toHaveLength(0)
    await expect(jobs.start()).rejects.toThrow('no server')
    await jobs.start()
    await jobs.start()
    expect(queue.runners).toHaveLength(1)
  })

  test('the last message of a job whose operation this process does not know is kept while the job is unfinished', async () => {
    const { store } = sharedStore()
    const queue = remoteQueue()
    const settings = { store, engine: queue.engine, startDeadlineMs: 1_000, sweepMs: 0 }
    const [web, worker] = [createService(settings), createService(settings)]
    web.wrap('report', {}, async () => ok('made'))
    const { id } = await web.jobs.submit('report', 1)
    await vi.advanceTimersByTimeAsync(1_000)
    await web.jobs.sweep() // which hands it over again
    const take = () => Promise.all(queue.messages.map((message) => worker.jobs.run(message)))
    expect(await take()).toMatchObject([{ kind: 'skip' }, { kind: 'retry', delayMs: 30_000 }])
    expect(worker.errors).toMatchObject([{ code: 'unknown_operation' }])
    await web.jobs.cancel(id)
    expect(await take()).toMatchObject([{ kind: 'skip' }, { kind: 'skip' }])
  })

  test('jobs of an operation that this process does not know take no room in its own queue', async () => {
    const { store } = sharedStore()
    const settings = { store, startDeadlineMs: 1_000, sweepMs: 0 }
    const before = createService({ ...settings, engine: remoteQueue().engine })
    before.wrap('removed', {}, async () => ok('made'))
    const left = await Promise.all([1, 2, 3].map((n) => before.jobs.submit('removed', n)))
    await vi.advanceTimersByTimeAsync(1_000)

    const after = createService({ ...settings, engine: inProcess({ concurrency: 1, maxQueued: 1 }) })
    const { opened, open } = gate()
    after.wrap('report', {}, () => opened.then(() => ok('made')))
    await after.post('report') // has the only slot
    await after.jobs.sweep()
    expect(await after.post('report')).toMatchObject({ status: 202 })
    expect(after.errors).toMatchObject(left.map(() => ({ code: 'unknown_operation' })))
    for (const { id } of left) expect(await after.jobs.get(id)).toMatchObject({ status: 'queued' })
    open()
  })

  test('what the engine has prepared is given to the store, which writes it with the job: both or none', async () => {
    const alone = memoryStore()
    const handed: unknown[] = []
    const { store } = sharedStore({
      capabilities: { ...alone.capabilities, durable: true, shared: true, transaction: 'postgres' },
      async insert(job, _events, handOver) {
        if (handed.length > 0) throw new Error('the statement failed')
        handed.push(handOver)
        return alone.insert(job)
      },
      get: alone.get,
    })
    const queue = remoteQueue({ transaction: 'postgres' })
    const prepare = vi.fn(async ({ id, dispatch }: JobMessage, { delayMs }: { delayMs: number }) => `${id} ${dispatch} ${delayMs}`)
    const { wrap, post, send } = createService({ store, engine: { ...queue.engine, prepare } })
    wrap('report', {}, async () => ok('made'))
    const at = location(await post('report'))
    expect(handed).toEqual([`${at.split('/').at(-1)} 1 0`])
    expect(queue.contexts).toEqual([])
    expect((await send('GET', at))?.status).toBe(202)
    expect(await post('report')).toMatchObject({ status: 503 })
    prepare.mockRejectedValueOnce(new Error('the queue is away'))
    expect(await post('report')).toMatchObject({ status: 503 })
    expect(await alone.due?.(Number.MAX_SAFE_INTEGER, 10)).toHaveLength(1)
  })

  test('an engine that was stopped while a request was being accepted: the process is draining, nothing is wrong with the store', async () => {
    const { store } = sharedStore({ capabilities: { ...memoryStore().capabilities, durable: true, shared: true, transaction: 'postgres' } })
    const prepare = () => Promise.reject(new JobsError('draining', 'This engine was stopped.'))
    const { wrap, post, errors } = createService({ store, engine: { ...remoteQueue({ transaction: 'postgres' }).engine, prepare } })
    wrap('report', {}, async () => ok('made'))
    const answer = await post('report')
    expect(answer).toMatchObject({ status: 503, headers: { 'Retry-After': '5' } })
    expect([json(answer).code, errors]).toEqual(['draining', []])
  })
})

test('an engine prepares nothing for another kind of store, nor for a delayed job that it cannot hold back', async () => {
  const { store } = sharedStore({ capabilities: { ...memoryStore().capabilities, durable: true, shared: true, transaction: 'postgres' } })
  const queue = remoteQueue({ transaction: 'postgres', delay: false })
  const prepare = vi.fn(async () => 'prepared')
  const { wrap, post } = createService({ store, engine: { ...queue.engine, prepare } })
  const elsewhere = createService({ store: sharedStore().store, engine: { ...queue.engine, prepare } })
  for (const one of [{ wrap }, elsewhere]) one.wrap('now', {}, async () => ok('made'))
  await elsewhere.post('now') // whose store is another database
  expect([prepare.mock.calls.length, queue.contexts.splice(0).length]).toEqual([0, 1])
  wrap('later', { delayMs: 5_000 }, async () => ok('made'))
  await post('later')
  expect([prepare.mock.calls.length, queue.contexts.length]).toEqual([0, 0])
  await post('now')
  expect([prepare.mock.calls.length, queue.contexts.length]).toEqual([1, 0])
})

describe('the pause before another attempt, longer than the start deadline', () => {
  const PAUSE_MS = 60_000
  const half = () => 0.5 // no jitter
  /** A job whose worker died in its first attempt, and what its engine is handed after that: when, in seconds, and for how long to hold back. */
  async function lost(delay: boolean) {
    const { store } = sharedStore()
    const queue = remoteQueue({ delay })
    const settings = { leaseMs: 1_000, startDeadlineMs: 1_000, sweepMs: 500, random: half }
    const { wrap, post, jobs } = createService({ store, engine: queue.engine, ...settings })
    wrap('report', { retries: 1, backoffMs: PAUSE_MS }, async () => ok('made'))
    const id =
      location(await post('report'))
        .split('/')
        .at(-1) ?? ''
    const now = Date.now()
    await store.claim?.(id, 1, { version: 2, status: 'running', attempt: 1, startedAt: now, dueAt: now + 1_000 })
    await jobs.start()
    queue.contexts.length = 0
    const handed: [seconds: number, delayMs: number][] = []
    for (let second = 0; second < 70; second++) {
      await vi.advanceTimersByTimeAsync(1_000)
      for (const { delayMs } of queue.contexts.splice(0)) handed.push([second, delayMs])
    }
    await jobs.stop()
    return handed
  }

  test('is kept by an engine that can hold a message back, and nobody hands over again meanwhile', async () => {
    const [first, ...more] = await lost(true)
    expect(first).toEqual([expect.any(Number), PAUSE_MS])
    expect(more.filter(([second]) => second < (first?.[0] ?? 0) + PAUSE_MS / 1_000)).toEqual([])
    expect(more.every(([, delayMs]) => delayMs === 0)).toBe(true)
  })

  test('is waited for by the sweeper where the engine cannot, and is over then', async () => {
    const [first] = await lost(false)
    expect(first).toEqual([expect.any(Number), 0])
    expect(first?.[0]).toBeGreaterThanOrEqual(PAUSE_MS / 1_000)
  })
})

test.each([
  [true, 5_000],
  [false, 0],
])(
  'between two attempts a job is due when its pause is over, and with an engine that holds it back (%s) %i ms later',
  async (delay, later) => {
    const { store } = sharedStore()
    const { engine, take } = remoteQueue({ delay })
    const { wrap, post, jobs } = createService({ store, engine, startDeadlineMs: 5_000, random: () => 0.5 })
    wrap('report', { retries: 1, backoffMs: 60_000 }, async () => {
      throw new Error('broken')
    })
    const id = idOf(location(await post('report')))
    await jobs.start()
    expect(await take()).toEqual({ kind: 'retry', delayMs: 60_000 })
    expect(((await jobs.get(id))?.dueAt ?? 0) - Date.now()).toBe(60_000 + later)
    await jobs.stop()
  },
)

test('a job that somebody writes to while it is claimed has its body all the same', async () => {
  const { store } = sharedStore({ claim: undefined })
  const queue = remoteQueue()
  const { wrap, post, send, jobs } = createService({ store, engine: queue.engine })
  wrap('report', {}, async ({ requestBody }) => ok(Array.from(requestBody as Uint8Array)))
  await jobs.start()
  const at = location(await post('report', { body: Uint8Array.of(1, 2, 3) }))
  const { replace } = store
  store.replace = async (...write) => {
    store.replace = replace
    const job = await store.get(at.slice('/jobs/'.length))
    if (job) await replace({ ...job, version: job.version + 1 })
    return replace(...write)
  }
  await queue.take()
  expect(json(await send('GET', at))).toMatchObject({ status: 'succeeded', result: [1, 2, 3] })
})

describe('a hand-over that fails', () => {
  /** A service whose engine is away, until it is told that it is not. */
  function away(store: JobStore, starts: boolean) {
    const queue = remoteQueue()
    const { dispatch } = queue.engine
    const engine: JobEngine = {
      ...queue.engine,
      reserve: () => ({ starts, release() {} }),
      dispatch: () => Promise.reject(new Error('the queue is away')),
    }
    const service = createService({ store, engine, startDeadlineMs: 1_000, sweepMs: 500 })
    service.wrap('report', {}, async () => ok('made'))
    return { ...service, queue, back: () => Object.assign(engine, { dispatch, reserve: undefined }) }
  }

  test.each([true, false])('leaves the job in a durable store, from where it is handed over later; a slot was free: %s', async (starts) => {
    const { store } = sharedStore()
    const { post, send, errors, queue, back, jobs } = away(store, starts)
    const at = location(await post('report'))
    expect(errors).toMatchObject([{ message: 'the queue is away' }])
    expect(json(await send('GET', at)).status).toBe('queued')
    back()
    await jobs.start()
    await vi.advanceTimersByTimeAsync(2_000)
    // One that failed may have come through, so each has a number of its own: at the release, at the read, at every sweep.
    expect(queue.messages.map(({ dispatch }) => dispatch)).toEqual(starts ? [4] : [2, 3])
    await queue.take()
    expect(json(await send('GET', at))).toMatchObject({ status: 'succeeded', result: 'made' })
  })

  test('takes the job back where its store may forget it', async () => {
    const store = memoryStore()
    const { post, errors, jobs } = away(store, true)
    expect(await post('report')).toMatchObject({ status: 503 })
    expect(errors).toMatchObject([{ message: 'the queue is away' }])
    expect(await store.due?.(Number.MAX_SAFE_INTEGER, 10)).toEqual([])
    // Nothing of it is left that a stop would wait for.
    const stopped = jobs.stop({ drainMs: 0 }).then(() => true)
    await vi.advanceTimersByTimeAsync(100)
    expect(await Promise.race([stopped, false])).toBe(true)
  })
})

describe('leases of other processes', () => {
  const job = { id: 'a', version: 3 } as Job

  test('a worker whose clock is behind keeps its job as long as it renews', async () => {
    const { store } = sharedStore()
    const skew = 30_000
    const worker = createService({ store, leaseMs: 6_000, sweepMs: 0, now: () => Date.now() - skew })
    const other = createService({ store, leaseMs: 6_000, sweepMs: 500 })
    let runs = 0
    for (const { wrap } of [worker, other])
      wrap('report', { retries: 3 }, async () => {
        runs++
        await new Promise((resolve) => setTimeout(resolve, 60_000))
        return ok('made')
      })
    await other.jobs.start()
    const at = location(await worker.post('report'))
    await vi.advanceTimersByTimeAsync(61_000)
    expect(json(await other.send('GET', at))).toMatchObject({ status: 'succeeded' })
    expect(runs).toBe(1)
  })

  test('a lease is renewed when a third of it is over, and not before', async () => {
    const { store, calls } = sharedStore()
    const { wrap, post } = createService({ store, leaseMs: 3_000, sweepMs: 0 })
    wrap('report', {}, () => new Promise(() => {}))
    await post('report')
    for (const [pause, renewals] of [
      [990, 0],
      [20, 1],
      [970, 0],
      [30, 1],
    ] as const) {
      calls.length = 0
      await vi.advanceTimersByTimeAsync(pause)
      expect(calls).toEqual(Array(renewals).fill('replace'))
    }
  })

  test('a renewal that takes long is waited for, and the next one is then made at once', async () => {
    const answers = gate()
    const { store, calls } = sharedStore()
    const { replace } = store
    store.replace = async (...write) => {
      const written = await replace(...write)
      await answers.opened
      return written
    }
    const { wrap, post } = createService({ store, leaseMs: 3_000, sweepMs: 0 })
    wrap('report', {}, () => new Promise(() => {}))
    await post('report')
    calls.length = 0
    await vi.advanceTimersByTimeAsync(2_900)
    expect(calls).toEqual(['replace'])
    answers.open()
    await vi.advanceTimersByTimeAsync(10)
    expect(calls).toEqual(['replace', 'replace'])
    await vi.advanceTimersByTimeAsync(980)
    expect(calls).toHaveLength(2)
  })

  test('after a renewal that is late, others have their turn before the next', async () => {
    const { store, calls } = sharedStore()
    const { replace } = store
    let lateMs = 0
    vi.spyOn(performance, 'now').mockImplementation(() => Date.now() + lateMs)
    // Takes long, and has its answer in the same turn of the event loop, as an object of the same process under load.
    store.replace = (...write) => {
      lateMs += 2_000
      if (calls.length === 20) throw new Error('Nobody else had a turn.')
      return replace(...write)
    }
    const { wrap, post } = createService({ store, leaseMs: 3_000, sweepMs: 0 })
    wrap('report', {}, () => new Promise(() => {}))
    await post('report')
    calls.length = 0
    for (const renewals of [1, 2, 3]) {
      vi.advanceTimersToNextTimer()
      for (let step = 0; step < 1_000; step++) await undefined
      expect(calls).toEqual(Array(renewals).fill('replace'))
    }
  })

  test('a renewal that is answered after the end of its attempt leaves no timer behind', async () => {
    const [ends, answers] = [gate(), gate()]
    const { store } = sharedStore()
    const { replace } = store
    store.replace = async (next, events) => {
      const written = await replace(next, events)
      if (next.status === 'running') await answers.opened
      return written
    }
    const { wrap, post } = createService({ store, leaseMs: 3_000, sweepMs: 0 })
    wrap('report', {}, async () => {
      await ends.opened
      return ok('made')
    })
    await post('report')
    await vi.advanceTimersByTimeAsync(1_500)
    ends.open()
    await vi.advanceTimersByTimeAsync(10)
    answers.open()
    await vi.advanceTimersByTimeAsync(0)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('a worker that claims a job while another process hands it over again keeps it', async () => {
    const { store } = sharedStore()
    const queue = remoteQueue()
    const web = createService({ store, engine: queue.engine, sweepMs: 0 })
    const worker = createService({ store, engine: queue.engine, sweepMs: 0, now: () => Date.now() - 60_000 })
    const begun = gate()
    const done = gate()
    for (const { wrap } of [web, worker])
      wrap('report', { retries: 3 }, async () => {
        begun.open()
        await done.opened
        return ok('made')
      })
    const at = location(await web.post('report'))
    const [message] = queue.messages
    if (!message) throw new Error('nothing was handed over')
    await vi.advanceTimersByTimeAsync(60_000)
    // Read as overdue, and claimed before that is written.
    const { replace } = store
    let run: Promise<unknown> | undefined
    store.replace = async (...write) => {
      store.replace = replace
      run = worker.jobs.run(message)
      await begun.opened
      return replace(...write)
    }
    await web.jobs.sweep()
    done.open()
    await run
    expect(queue.messages).toHaveLength(1)
    expect(json(await web.send('GET', at))).toMatchObject({ status: 'succeeded' })
  })

  test('a worker that has died loses its job half a lease later', async () => {
    let now = 0
    const leases = observedLeases(6_000, () => now)
    expect(leases.isOver(job)).toBe(false)
    now = 2_999
    expect(leases.isOver(job)).toBe(false)
    now = 3_000
    expect(leases.isOver(job)).toBe(true)
  })

  test('every sign of life begins the watch anew', () => {
    let now = 0
    const leases = observedLeases(6_000, () => now)
    leases.isOver(job)
    now = 3_000
    expect(leases.isOver({ ...job, version: 4 })).toBe(false)
    now = 5_999
    expect(leases.isOver({ ...job, version: 4 })).toBe(false)
    now = 6_000
    expect(leases.isOver({ ...job, version: 4 })).toBe(true)
  })
})

describe('a sweep of many overdue jobs', () => {
  const insertExpired = async (store: JobStore, count: number, more: Partial<Job> = {}) => {
    const at = { status: 'succeeded', createdAt: 0, updatedAt: 0, finishedAt: 0, expiresAt: 1, dueAt: 1 } as const
    for (let n = 0; n < count; n++) await store.insert(newRecord({ id: `${more.goneAt ?? 'job'}-${n}`, ...at, ...more }))
  }

  test('gives up where the store can be read and takes no writes, and goes on when it takes them', async () => {
    const { store, calls } = sharedStore()
    await insertExpired(store, 1_000)
    const readOnly: JobStore = {
      ...store,
      replace: () => Promise.reject(new Error('READONLY')),
      due: (...asked) => {
        calls.push('due')
        return store.due?.(...asked) ?? Promise.resolve([])
      },
    }
    const { jobs, errors } = createService({ store: readOnly, sweepMs: 0 })
    await jobs.sweep()
    expect(calls.filter((call) => call === 'due')).toHaveLength(1)
    expect(errors).toHaveLength(100)
    expect(await createService({ store, sweepMs: 0 }).jobs.sweep()).toBe(1_000)
  })

  test('goes on where it is the bodies of tombstones that cannot be removed', async () => {
    const { store } = sharedStore()
    await insertExpired(store, 250, { goneAt: 1 })
    await store.insert(newRecord({ id: 'expired', status: 'succeeded', finishedAt: 0, expiresAt: 2, dueAt: 2 }))
    const away = () => Promise.reject(new Error('the bodies are away'))
    const blobs: BlobStore = { maxBodyBytes: null, write: away, read: away, remove: away }
    const { jobs, errors } = createService({ store, blobs, sweepMs: 0 })
    await jobs.sweep()
    expect(errors).toHaveLength(251)
    expect(await store.get('expired')).toMatchObject({ goneAt: expect.any(Number) })
  })
})

test('a poll of an overdue job is answered where the store can be read and takes no writes', async () => {
  const { store } = sharedStore()
  const readOnly: JobStore = { ...store, replace: () => Promise.reject(new Error('READONLY')) }
  const taking = createService({ store, sweepMs: 0, engine: remoteQueue().engine })
  const asked = createService({ store: readOnly, sweepMs: 0, engine: remoteQueue().engine })
  for (const { wrap } of [taking, asked]) wrap('report', {}, async () => ok('made'))
  const at = location(await taking.post('report'))
  await vi.advanceTimersByTimeAsync(60_000) // nobody has begun by its start deadline
  expect(await asked.send('GET', at)).toMatchObject({ status: 202 })
  expect(asked.errors).toMatchObject([{ message: 'READONLY' }])
  expect(await asked.send('POST', `${at}/cancel`)).toMatchObject({ status: 503 })
})

describe('sweeping', () => {
  test('ends, though more jobs than it reads at once are overdue and alive', async () => {
    const { store } = sharedStore()
    const cutOff: JobStore = { ...store }
    const silent = createService({ store: cutOff, leaseMs: 3_000, sweepMs: 0, engine: inProcess({ concurrency: 1_000 }) })
    silent.wrap('report', {}, () => new Promise(() => {}))
    for (let count = 0; count < 250; count++) await silent.post('report')
    await vi.advanceTimersByTimeAsync(10)
    cutOff.replace = () => Promise.reject(new Error('unreachable'))
    await vi.advanceTimersByTimeAsync(4_000)
    expect(await silent.jobs.sweep()).toBe(250) // alive, here
    const other = createService({ store, leaseMs: 3_000, sweepMs: 0 })
    other.wrap('report', {}, async () => ok('made'))
    expect(await other.jobs.sweep()).toBe(250)
    await vi.advanceTimersByTimeAsync(1_500)
    expect(await other.jobs.sweep()).toBe(250)
    expect(await other.jobs.sweep()).toBe(0)
  })

  test('goes on behind a job that cannot be repaired', async () => {
    const { store } = sharedStore()
    const { wrap, post, jobs, errors } = createService({ store, sweepMs: 0, startDeadlineMs: 1_000, engine: remoteQueue().engine })
    wrap('report', {}, async () => ok('made'))
    for (let count = 0; count < 3; count++) await post('report')
    await vi.advanceTimersByTimeAsync(1_001)
    const { replace } = store
    const [broken] = (await store.due?.(Number.MAX_SAFE_INTEGER, 1)) ?? []
    Object.assign(store, {
      replace: (next: Job) => (next.id === broken?.id ? Promise.reject(new Error('broken')) : replace(next)),
    })
    expect(await jobs.sweep()).toBe(3)
    expect(errors).toMatchObject([{ message: 'broken' }])
    expect(await jobs.sweep()).toBe(1)
  })

  test('hands a job that nobody takes over again, each time after a longer pause', async () => {
    const { store } = sharedStore()
    const queue = remoteQueue()
    const { wrap, post } = createService({ store, engine: queue.engine, startDeadlineMs: 1_000, sweepMs: 100 })
    wrap('report', {}, async () => ok('made'))
    await post('report')
    const times: number[] = []
    for (let passed = 0; times.length < 4 && passed < 60_000; passed += 100) {
      times.push(...queue.messages.splice(0).map(() => passed))
      await vi.advanceTimersByTimeAsync(100)
    }
    const [first = 0, second = 0, third = 0, fourth = 0] = times
    expect(second - first).toBeGreaterThanOrEqual(1_000)
    expect(third - second).toBeGreaterThanOrEqual(second - first)
    expect(fourth - third).toBeGreaterThan(third - second)
  })

  test('by two processes at once hands a job over once', async () => {
    const { store } = sharedStore()
    const queue = remoteQueue()
    const both = [1, 2].map(() => createService({ store, engine: queue.engine, startDeadlineMs: 1_000, sweepMs: 0 }))
    for (const { wrap } of both) wrap('report', {}, async () => ok('made'))
    await both[0]?.post('report')
    await vi.advanceTimersByTimeAsync(1_000)
    await Promise.all(both.map(({ jobs }) => jobs.sweep()))
    expect(queue.messages.map(({ dispatch }) => dispatch)).toEqual([1, 2])
  })

  test('while the queue is away tells of that, and hands the job over when it is back', async () => {
    const { store } = sharedStore()
    const queue = remoteQueue()
    const { wrap, post, errors } = createService({ store, engine: queue.engine, startDeadlineMs: 1_000, sweepMs: 500 })
    wrap('report', {}, async () => ok('made'))
    await post('report')
    const { dispatch } = queue.engine
    queue.engine.dispatch = () => Promise.reject(new Error('the queue is away'))
    await vi.advanceTimersByTimeAsync(1_500)
    expect(errors).toMatchObject([{ message: 'the queue is away' }])
    queue.engine.dispatch = dispatch
    queue.messages.length = 0
    await vi.advanceTimersByTimeAsync(3_000)
    expect(queue.messages).not.toHaveLength(0)
  })

  test('repairs the jobs of operations that this process does not know', async () => {
    const { store } = sharedStore()
    const queue = remoteQueue()
    const worker = createService({ store: { ...store, replace: () => Promise.reject(new Error('unreachable')) }, engine: queue.engine })
    const web = createService({ store, engine: queue.engine, leaseMs: 3_000, sweepMs: 1_000 })
    const stranger = createService({ store, engine: queue.engine, leaseMs: 3_000, sweepMs: 0 })
    for (const { wrap } of [worker, web]) wrap('report', { retries: 1 }, () => new Promise(() => {}))
    await worker.jobs.start()
    const at = location(await web.post('report'))
    await web.jobs.stop()
    void queue.take()
    await vi.advanceTimersByTimeAsync(30_000)
    await stranger.jobs.sweep()
    await vi.advanceTimersByTimeAsync(15_000)
    await stranger.jobs.sweep()
    expect(json(await stranger.send('GET', at))).toMatchObject({ status: 'queued' })
    expect(queue.messages).toHaveLength(1)
    expect(stranger.errors).toEqual([])
  })

  test('what waits in a process that stops is taken by another one with its next sweep', async () => {
    const { store } = sharedStore()
    const stopping = createService({ store, engine: inProcess({ concurrency: 1 }) })
    const other = createService({ store, sweepMs: 1_000, engine: inProcess() })
    for (const { wrap } of [stopping, other]) wrap('report', { delayMs: 0 }, async () => ok('made'))
    stopping.wrap('long', {}, () => new Promise(() => {}))
    other.wrap('long', {}, async () => ok('made'))
    await other.jobs.start()
    await stopping.post('long')
    const at = [await stopping.post('report'), await stopping.post('report')].map(location)
    await Promise.all([stopping.jobs.stop({ drainMs: 100 }), vi.advanceTimersByTimeAsync(100)])
    await vi.advanceTimersByTimeAsync(1_000)
    for (const path of at) await vi.waitFor(async () => expect(json(await other.send('GET', path))).toMatchObject({ status: 'succeeded' }))
  })

  test('a job that has waited long in this process is handed over again, and keeps its place', async () => {
    const { wrap, post, send } = createService({ startDeadlineMs: 1_000, sweepMs: 500, engine: inProcess({ concurrency: 1 }) })
    const go = gate()
    const order: unknown[] = []
    wrap('report', {}, async ({ handle }) => {
      if (order.length === 0) await go.opened
      order.push(handle.id)
      return ok('made')
    })
    const at = [await post('report'), await post('report'), await post('report')].map(location)
    await vi.advanceTimersByTimeAsync(5_000)
    go.open()
    await vi.waitFor(() => expect(order).toEqual(at.map((path) => path.slice('/jobs/'.length))))
    await vi.waitFor(async () => expect(json(await send('GET', String(at[2])))).toMatchObject({ status: 'succeeded' }))
  })
})

describe('a store that hangs', () => {
  test('is 503 after its time, and what it does after all is taken back', async () => {
    const { store } = sharedStore()
    const { insert } = store
    const hang = gate()
    Object.assign(store, {
      insert: async (job: Job) => {
        await hang.opened
        return insert(job)
      },
    })
    const { wrap, post } = createService({ store, storeTimeoutMs: 1_000, engine: remoteQueue().engine })
    wrap('report', {}, async () => ok('made'))
    const answer = post('report')
    await vi.advanceTimersByTimeAsync(1_000)
    expect(await answer).toMatchObject({ status: 503, headers: { 'Retry-After': '5' } })
    hang.open()
    await vi.advanceTimersByTimeAsync(1)
    expect(await store.due?.(Number.MAX_SAFE_INTEGER, 10)).toEqual([])
  })

  test('so is what a sweep has dispatched by then', async () => {
    const { store } = sharedStore()
    const { insert } = store
    const queue = remoteQueue()
    Object.assign(store, {
      insert: async (job: Job) => {
        await new Promise((resolve) => setTimeout(resolve, 120_000))
        const inserted = await insert(job)
        await other.jobs.sweep()
        return inserted
      },
    })
    const { wrap, post } = createService({ store, storeTimeoutMs: 1_000, engine: queue.engine, sweepMs: 0 })
    const other = createService({ store, engine: queue.engine, sweepMs: 0 })
    for (const service of [{ wrap }, other]) service.wrap('report', {}, async () => ok('made'))
    const answer = post('report')
    await vi.advanceTimersByTimeAsync(1_000)
    expect(await answer).toMatchObject({ status: 503 })
    await vi.advanceTimersByTimeAsync(120_000)
    expect(queue.messages).toHaveLength(1)
    expect(await store.due?.(Number.MAX_SAFE_INTEGER, 10)).toEqual([])
  })

  test('what cannot be taken back then is nobody’s unhandled rejection', async () => {
    const { store } = sharedStore()
    const { insert } = store
    const remove = vi.fn().mockRejectedValue(new Error('connection lost'))
    const insertLate = async (job: Job) => {
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      return insert(job)
    }
    Object.assign(store, { insert: insertLate, remove })
    const { wrap, post } = createService({ store, storeTimeoutMs: 1_000, engine: remoteQueue().engine })
    wrap('report', {}, async () => ok('made'))
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    const answer = post('report')
    await vi.advanceTimersByTimeAsync(2_000)
    await new Promise((resolve) => process.nextTick(resolve))
    process.off('unhandledRejection', unhandled)
    expect(await answer).toMatchObject({ status: 503 })
    expect(remove).toHaveBeenCalled()
    expect(unhandled).not.toHaveBeenCalled()
  })

  test.each([undefined, 'k'])('an insert that fails and is made all the same, key %s, is taken back or run', async (key) => {
    const { store } = sharedStore()
    const { insert } = store
    Object.assign(store, {
      insert(job: Job) {
        setTimeout(() => insert(job), 500) // after its client has given up
        return Promise.reject(new Error('Query read timeout'))
      },
    })
    const { wrap, post, jobs } = createService({ store, storeTimeoutMs: 1_000, leaseMs: 600_000, sweepMs: 0, engine: inProcess() })
    wrap('report', { retries: 1 }, async () => ok('made'))
    const headers: Record<string, string> = key === undefined ? {} : { 'idempotency-key': key }
    expect(await post('report', { headers })).toMatchObject({ status: 503 })
    await vi.advanceTimersByTimeAsync(900)
    const [made] = (await store.due?.(Number.MAX_SAFE_INTEGER, 10)) ?? []
    expect(made).toMatchObject({ status: 'running' })
    await vi.advanceTimersByTimeAsync(200)
    await jobs.sweep()
    await vi.advanceTimersByTimeAsync(10)
    const after = await store.get(String(made?.id))
    if (key === undefined) expect(after).toBeNull()
    else expect(after).toMatchObject({ status: 'succeeded' })
  })
})

describe('a store that hangs while a client comes again with its key', () => {
  test.each(['small', 'large'])('keeps the job that the client was told of, with its %s body, and runs it', async (size) => {
    const { store } = sharedStore()
    const blobs = mapBlobs()
    const asked = gate()
    const hang = gate()
    const behind: JobStore = {
      ...store,
      insert: async (job) => {
        asked.open()
        await hang.opened
        return store.insert(job)
      },
    }
    const [first, second] = [behind, store].map((store) =>
      createService({ store, blobs, storeTimeoutMs: 1_000, leaseMs: 600_000, sweepMs: 5_000 }),
    )
    const body = pattern(size === 'small' ? 10 : CHUNK + 10)
    for (const service of [first, second])
      service?.wrap('report', {}, async ({ requestBody }) => ok(isStream(requestBody) ? (await collect(requestBody)).length : 'small'))
    const post = (service: Service | undefined) =>
      service?.accept('report', size === 'small' ? () => body : upload(body), { 'idempotency-key': 'k' })
    await second?.jobs.start()
    const refused = post(first)
    await asked.opened
    await vi.advanceTimersByTimeAsync(1_000)
    expect(await refused).toMatchObject({ status: 503 })
    // The second one finds what the first has inserted, before the first hears that it has.
    const insert = store.insert
    let taken: Promise<Answer | undefined> = Promise.resolve(undefined)
    store.insert = (job) => {
      store.insert = insert
      const work = insert(job)
      taken = work.then(() => post(second))
      return taken.then(() => work)
    }
    hang.open()
    await vi.waitFor(() => expect(store.insert).toBe(insert))
    const at = location(await taken)
    await vi.advanceTimersByTimeAsync(5_000)
    const result = size === 'small' ? 'small' : body.length
    expect(json(await second?.send('GET', at))).toMatchObject({ status: 'succeeded', result })
  })
})

test('a poll is answered soon after a change by another process, though the store cannot tell of it', async () => {
  const { store } = sharedStore()
  const queue = remoteQueue()
  const [web, other] = [createService({ store, engine: queue.engine }), createService({ store, engine: queue.engine })]
  for (const { wrap } of [web, other]) wrap('report', {}, async () => ok('made'))
  const at = location(await web.post('report'))
  let answer: Answer | undefined
  void web.send('GET', at, { prefer: 'wait=20' }).then((answered) => {
    answer = answered
  })
  await vi.advanceTimersByTimeAsync(3_000)
  await other.send('DELETE', at)
  expect(answer).toBeUndefined()
  await vi.advanceTimersByTimeAsync(1_100)
  expect(json(answer)).toMatchObject({ status: 'canceled' })
})

test('a delayed job that waits in a process that stops is not started sooner by another one', async () => {
  const { store } = sharedStore()
  const { wrap, post, jobs } = createService({ store })
  await vi.advanceTimersByTimeAsync(3_600_000) // the process has been up for a while
  wrap('report', { delayMs: 60_000 }, async () => ok('made'))
  const id = idOf(location(await post('report')))
  const startsAt = Date.now() + 60_000
  await vi.advanceTimersByTimeAsync(20_000)
  await jobs.stop()
  expect((await jobs.get(id))?.dueAt).toBe(startsAt)
})

describe('watching', () => {
  test.each([
    ['at once', 1_500, 10],
    ['in its first second', 500, 510],
  ])('a running handler hears of a cancel by another process: %s', async (_, afterMs, withinMs) => {
    const alone = memoryStore()
    let tell = () => {}
    let watches = 0
    const { store } = sharedStore({
      capabilities: { ...alone.capabilities, durable: true, shared: true, watch: true },
      async *watch(_id, signal) {
        watches++
        while (!signal.aborted) {
          await new Promise<void>((resolve) => {
            tell = resolve
            signal.addEventListener('abort', () => resolve())
          })
          yield 0
        }
        watches--
      },
    })
    const [web, worker] = [createService({ store }), createService({ store, leaseMs: 60_000 })]
    worker.wrap(
      'report',
      {},
      ({ handle }) => new Promise((_, reject) => handle.signal.addEventListener('abort', () => reject(handle.signal.reason))),
    )
    const at = location(await worker.post('report'))
    await vi.advanceTimersByTimeAsync(afterMs)
    expect(json(await web.send('DELETE', at))).toMatchObject({ status: 'running' })
    tell()
    await vi.advanceTimersByTimeAsync(withinMs)
    expect(json(await web.send('GET', at))).toMatchObject({ status: 'canceled' })
    await vi.advanceTimersByTimeAsync(2_000)
    expect(watches).toBe(0)
  })

  test('a job that is over within a second is not watched', async () => {
    const watch = vi.fn(async function* () {})
    const { store } = sharedStore({ capabilities: { ...memoryStore().capabilities, durable: true, shared: true, watch: true }, watch })
    const { wrap, post } = createService({ store })
    wrap('report', {}, async () => ok('made'))
    await post('report')
    await vi.advanceTimersByTimeAsync(3_000)
    expect(watch).not.toHaveBeenCalled()
  })

  test('polls that wait for a change by another process hear of it through the store, over one subscription', async () => {
    const watched: string[] = []
    let ended = 0
    let tell = () => {}
    const alone = memoryStore()
    const { store } = sharedStore({
      capabilities: { ...alone.capabilities, durable: true, shared: true, watch: true },
      async *watch(id, signal) {
        watched.push(id)
        signal.addEventListener('abort', () => {
          ended++
          tell()
        })
        for (let version = 2; !signal.aborted; version++) {
          await new Promise<void>((resolve) => {
            tell = resolve
          })
          if (!signal.aborted) yield version
        }
      },
    })
    const queue = remoteQueue()
    const web = createService({ store, engine: queue.engine })
    const worker = createService({ store, engine: queue.engine })
    for (const { wrap } of [web, worker]) wrap('report', {}, async () => ok('made'))
    await worker.jobs.start()
    const at = location(await web.post('report'))
    const waiting = [1, 2, 3].map(() => web.send('GET', at, { prefer: 'wait=25' }))
    await vi.advanceTimersByTimeAsync(2_000) // beyond the reads at the beginning
    await queue.take()
    tell()
    await vi.advanceTimersByTimeAsync(1)
    for (const answer of await Promise.all(waiting)) expect(json(answer)).toMatchObject({ status: 'succeeded' })
    expect(watched).toHaveLength(1)
    expect(ended).toBe(1)
  })
})

describe('events', () => {
  /** What a client hears that asks for the events of a job from the id that it knows. */
  async function listen({ send }: Service, at: string, known?: string) {
    const body = (await send('GET', `${at}/events`, known === undefined ? {} : { 'last-event-id': known }))?.body
    const heard = { text: '', isOver: false }
    const write = (piece: Uint8Array) => {
      heard.text += new TextDecoder().decode(piece)
      return true
    }
    const end = () => {
      heard.isOver = true
    }
    if (body && isEvents(body)) body.open({ write, fail() {}, end })
    return heard
  }

  test('of a job that ended and was purged between two looks end, and say nothing of it', async () => {
    const { store } = sharedStore()
    const [web, worker] = [createService({ store, engine: remoteQueue().engine }), createService({ store })]
    for (const { wrap } of [web, worker]) wrap('report', {}, async () => ok('made'))
    const at = location(await web.post('report'))
    const heard = await listen(web, at)
    await vi.advanceTimersByTimeAsync(1)
    const id = at.slice('/jobs/'.length)
    await worker.jobs.run({ v: 1, id, operation: 'report', dispatch: 1 })
    await worker.jobs.purge(id)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(heard.isOver).toBe(true)
    expect(heard.text).toContain('event: queued')
    expect(heard.text).not.toContain('event: succeeded')
  })

  test.each([
    ['on Workers end, and are asked for again, once their request may make no more calls', 'Cloudflare-Workers', true],
    ['elsewhere stay open while the store is away', 'elsewhere', false],
  ])('%s', async (_, userAgent, isOver) => {
    vi.stubGlobal('navigator', { userAgent })
    const { store } = sharedStore()
    const service = createService({ store, sweepMs: 0 })
    service.wrap('report', { delayMs: 3_600_000 }, async () => ok(1))
    const at = location(await service.post('report'))
    const heard = await listen(service, at)
    await vi.advanceTimersByTimeAsync(300_000)
    store.get = () => Promise.reject(new Error('Too many subrequests.'))
    await vi.advanceTimersByTimeAsync(5_000)
    expect(heard.isOver).toBe(false)
    await vi.advanceTimersByTimeAsync(6_000)
    vi.unstubAllGlobals()
    expect(heard.isOver).toBe(isOver)
  })

  test('go on from now to a client that knows an id that there never was', async () => {
    const service = createService()
    const go = gate()
    service.wrap('report', {}, async () => {
      await go.opened
      return ok('made')
    })
    const at = location(await service.post('report'))
    const heard = await listen(service, at, '999')
    go.open()
    await vi.advanceTimersByTimeAsync(10)
    expect(heard.text).toContain('event: succeeded')
    expect(heard.isOver).toBe(true)
  })

  test('a change that is told of while the job is being read is read too', async () => {
    const alone = memoryStore()
    let tell = () => {}
    const { store } = sharedStore({
      capabilities: { ...alone.capabilities, durable: true, shared: true, watch: true },
      async *watch(_id, signal) {
        while (!signal.aborted) {
          await new Promise<void>((resolve) => {
            tell = resolve
            signal.addEventListener('abort', () => resolve())
          })
          yield 0
        }
      },
    })
    const queue = remoteQueue()
    const [web, worker] = [createService({ store, engine: queue.engine }), createService({ store, engine: queue.engine })]
    for (const { wrap } of [web, worker]) wrap('report', {}, async () => ok('made'))
    await worker.jobs.start()
    const at = location(await web.post('report'))
    const body = (await web.send('GET', `${at}/events`))?.body
    const { get } = store
    const slow = gate()
    // Reads what is there now, and answers later.
    const late = async (...asked: Parameters<JobStore['get']>) => {
      const job = await get(...asked)
      await slow.opened
      return job
    }
    const service = Object.assign(store, { get: late })
    let heard = ''
    const write = (piece: Uint8Array) => {
      heard += new TextDecoder().decode(piece)
      return true
    }
    const flow = body && isEvents(body) ? body.open({ write, fail() {}, end() {} }) : undefined
    await vi.advanceTimersByTimeAsync(1)
    service.get = get
    await queue.take()
    tell()
    await vi.advanceTimersByTimeAsync(1)
    slow.open()
    await vi.advanceTimersByTimeAsync(1)
    expect(heard).toContain('event: succeeded')
    flow?.close()
  })
})

describe('large bodies', () => {
  test('go to the blob store in chunks, reach the handler and the client byte for byte, and are removed when nobody needs them', async () => {
    const { store } = sharedStore()
    const blobs = mapBlobs()
    const { wrap, accept, send, errors } = createService({ store, blobs })
    const bytes = pattern(2 * CHUNK + 17)
    wrap('copy', {}, async ({ requestBody, sink }) => {
      const body = await collect(requestBody)
      expect(body.equals(bytes)).toBe(true)
      await sink?.write(body.subarray(0, 300_000))
      await sink?.write(body.subarray(300_000))
      return { status: 200, headers: { 'content-type': 'application/octet-stream' }, body: null }
    })
    const at = location(await accept('copy', upload(bytes)))
    const id = at.slice('/jobs/'.length)
    expect([...blobs.bodies.keys()]).toEqual([0, 1, 2].map((index) => `${id} request ${index}`))
    expect((await store.get(id))?.requestBody).toBeNull()
    await vi.waitFor(async () => expect(json(await send('GET', at))).toMatchObject({ status: 'succeeded' }))
    await vi.waitFor(() => expect([...blobs.bodies.keys()]).toEqual([0, 1, 2].map((index) => `${id} response-1 ${index}`)))

    const whole = await send('GET', `${at}/result`)
    expect(isStream(whole?.body ?? '')).toBe(true)
    expect((await collect(whole?.body)).equals(bytes)).toBe(true)
    const head = await send('HEAD', `${at}/result`)
    expect(head).toMatchObject({ body: null, headers: { 'Content-Length': `${bytes.length}` } })
    for (const [range, first, last] of [
      ['bytes=262143-262144', CHUNK - 1, CHUNK],
      ['bytes=-20', bytes.length - 20, bytes.length - 1],
      ['bytes=5-', 5, bytes.length - 1],
    ] as const) {
      const part = await send('GET', `${at}/result`, { range })
      expect(part).toMatchObject({ status: 206, headers: { 'Content-Range': `bytes ${first}-${last}/${bytes.length}` } })
      expect((await collect(part?.body)).equals(bytes.subarray(first, last + 1))).toBe(true)
    }
    const { read } = blobs
    blobs.read = async (...chunk) => (chunk[2] === 1 ? null : read(...chunk))
    await expect(collect((await send('GET', `${at}/result`))?.body)).rejects.toThrow('Chunk 1 of response-1')
    expect(errors).toMatchObject([{ code: 'store_unavailable' }])
    expect((await send('DELETE', at))?.status).toBe(204)
    expect(blobs.bodies.size).toBe(0)
  })

  /** A job that has succeeded, and whose response is in chunks. */
  async function copied(options: Parameters<typeof createService>[0]) {
    const { store } = sharedStore()
    const blobs = mapBlobs()
    const service = createService({ store, blobs, ...options })
    service.wrap('copy', {}, async ({ sink }) => {
      await sink?.write(pattern(CHUNK + 1))
      return { status: 200, headers: {}, body: null }
    })
    const at = location(await service.accept('copy', () => null))
    await vi.waitFor(async () => expect(json(await service.send('GET', at)).status).toBe('succeeded'))
    return { ...service, store, blobs, at }
  }

  test('whose removal fails go with the tombstone', async () => {
    const { store, blobs, send, jobs, at } = await copied({ tombstoneMs: 1_000, sweepMs: 0 })
    const { remove } = blobs
    blobs.remove = () => Promise.reject(new Error('disk'))
    expect((await send('DELETE', at))?.status).toBe(503)
    expect(blobs.bodies.size).toBe(2)
    await vi.advanceTimersByTimeAsync(1_001)
    await jobs.sweep()
    expect(await store.get(at.slice('/jobs/'.length))).not.toBeNull()
    blobs.remove = remove
    await jobs.sweep()
    expect(blobs.bodies.size).toBe(0)
    expect(await store.get(at.slice('/jobs/'.length))).toBeNull()
  })

  test('whose removal fails keep their job where there is no tombstone to keep', async () => {
    const { store, blobs, send, at } = await copied({ tombstoneMs: 0 })
    const { remove } = blobs
    blobs.remove = () => Promise.reject(new Error('disk'))
    expect((await send('DELETE', at))?.status).toBe(503)
    blobs.remove = remove
    expect((await send('DELETE', at))?.status).toBe(204)
    expect(blobs.bodies.size).toBe(0)
    expect(await store.get(at.slice('/jobs/'.length))).toBeNull()
  })

  test('of a request that is refused, replayed or too large nothing stays', async () => {
    const { store } = sharedStore()
    const blobs = mapBlobs()
    const { wrap, accept } = createService({ store, blobs, engine: remoteQueue().engine })
    wrap('copy', { maxBodyBytes: 2 * CHUNK }, async () => ok('made'))
    expect(await accept('copy', upload(pattern(2 * CHUNK + 1)))).toMatchObject({ status: 413 })
    await vi.waitFor(() => expect(blobs.bodies.size).toBe(0))
    const key = { 'idempotency-key': 'k' }
    const first = location(await accept('copy', upload(pattern(CHUNK + 1)), key))
    expect(blobs.bodies.size).toBe(2)
    const again = await accept('copy', upload(pattern(CHUNK + 1)), key)
    expect([location(again), again?.headers['Idempotency-Replayed']]).toEqual([first, 'true'])
    expect(await accept('copy', upload(pattern(CHUNK + 2)), key)).toMatchObject({ status: 422 })
    await vi.waitFor(() => expect(blobs.bodies.size).toBe(2))
    blobs.write = () => Promise.reject(new Error('disk'))
    expect(await accept('copy', upload(pattern(CHUNK + 1)))).toMatchObject({ status: 503 })
    blobs.write = mapBlobs().write
    const { insert } = store
    store.insert = async (job) => {
      await insert(job)
      throw new Error('Connection terminated unexpectedly')
    }
    const other = { 'idempotency-key': 'other' }
    const removed = vi.spyOn(blobs, 'remove')
    expect(await accept('copy', upload(pattern(CHUNK + 1)), other)).toMatchObject({ status: 503 })
    expect(removed).not.toHaveBeenCalled()
    for (const [refusal, headers] of [
      [new Error('Connection terminated unexpectedly'), {}],
      [new JobsError('store_full', 'There is no room.'), { 'idempotency-key': 'third' }],
    ] as const) {
      store.insert = () => Promise.reject(refusal)
      removed.mockClear()
      expect(await accept('copy', upload(pattern(CHUNK + 1)), headers)).toMatchObject({ status: 503 })
      expect(removed).toHaveBeenCalledOnce()
    }
    store.insert = insert
    blobs.write = () => Promise.reject(new JobsError('store_full', 'The disk is full.'))
    expect(await accept('copy', upload(pattern(CHUNK + 1)))).toMatchObject({ status: 503, headers: { 'Retry-After': '10' } })
  })

  test('stay where an attempt ends that has lost its job: they are those of the next one', async () => {
    const { store } = sharedStore()
    const blobs = mapBlobs()
    const { wrap, accept } = createService({ store, blobs, sweepMs: 0 })
    const removed = vi.spyOn(blobs, 'remove')
    wrap('copy', {}, async ({ handle }) => {
      const job = (await store.get(handle.id)) as Job
      await store.replace({ ...job, version: job.version + 1, attempt: 2 })
      return ok('too late')
    })
    const at = location(await accept('copy', upload(pattern(CHUNK + 1))))
    await vi.advanceTimersByTimeAsync(100)
    expect(await store.get(at.slice('/jobs/'.length))).toMatchObject({ status: 'running', attempt: 2 })
    expect(removed).not.toHaveBeenCalled()
  })

  test('a handler that writes on after its job was canceled leaves nothing behind', async () => {
    const { store } = sharedStore()
    const blobs = mapBlobs()
    const { wrap, accept, send } = createService({ store, blobs, cancelGraceMs: 100 })
    const late = gate()
    let refused: unknown
    wrap('copy', { keepRequests: 'never' }, async ({ sink }) => {
      await sink?.write(pattern(CHUNK + 1))
      await late.opened
      refused = await sink?.write(pattern(CHUNK)).catch((error: unknown) => error)
      return { status: 200, headers: {}, body: null }
    })
    const at = location(await accept('copy', upload(pattern(1_000))))
    await vi.waitFor(() => expect([...blobs.bodies.keys()].join()).toContain('response-1'))
    await send('DELETE', at)
    await vi.waitFor(async () => expect(json(await send('GET', at))).toMatchObject({ status: 'canceled' }))
    late.open()
    await vi.waitFor(() => expect(String(refused)).toContain('The attempt is over'))
    expect(blobs.bodies.size).toBe(0)
  })

  test('a retry keeps the request and drops the response of the attempt before', async () => {
    const { store } = sharedStore()
    const blobs = mapBlobs()
    const { wrap, accept, send } = createService({ store, blobs })
    wrap('copy', { retries: 1, backoffMs: 10 }, async ({ handle, requestBody, sink }) => {
      await sink?.write(await collect(requestBody))
      return { status: handle.attempt === 1 ? 500 : 200, headers: {}, body: null }
    })
    const at = location(await accept('copy', upload(pattern(CHUNK + 1))))
    await vi.waitFor(async () => expect(json(await send('GET', at))).toMatchObject({ status: 'succeeded', attempt: 2 }))
    await vi.waitFor(() => expect([...blobs.bodies.keys()].map((key) => key.split(' ')[1])).toEqual(['response-2', 'response-2']))
  })
})
