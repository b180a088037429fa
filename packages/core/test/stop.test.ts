import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { inProcess, type Job, type JobEngine, type JobMessage, type JobStore } from '../src/index'
import { createService, gate, idOf, json, location, ok, sharedStore } from './service'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const HOUR_MS = 3_600_000

/** A queue that others consume. */
const queueOf = (sent: JobMessage[]): JobEngine => ({
  capabilities: { durable: true, remote: true, maxRunMs: null, delay: true, cancel: 'none' },
  dispatch: async (message) => void sent.push(message),
})

test('what waits for its time goes on waiting in the next process', async () => {
  const store = sharedStore()
  const ran: string[] = []
  const startService = () => {
    const service = createService({ store, sweepMs: 1_000, engine: inProcess() })
    service.wrap('later', { delayMs: HOUR_MS }, async () => ok(ran.push('later')))
    service.wrap('flaky', { retries: 3, backoffMs: 600_000 }, async () => {
      ran.push('flaky')
      throw new Error('not yet')
    })
    return service
  }
  const first = startService()
  await first.post('later')
  await first.post('flaky')
  await vi.advanceTimersByTimeAsync(100)
  await first.jobs.stop({ drainMs: 100 })
  const second = startService()
  await second.jobs.start()
  await vi.advanceTimersByTimeAsync(300_000)
  expect(ran).toEqual(['flaky'])
  await vi.advanceTimersByTimeAsync(310_000)
  expect(ran).toEqual(['flaky', 'flaky'])
  await vi.advanceTimersByTimeAsync(HOUR_MS)
  expect(ran.filter((one) => one === 'later')).toHaveLength(1)
})

test('a job that fails while the process stops is tried again after its pause, by the next one', async () => {
  const store = sharedStore()
  const go = gate()
  const { wrap, post, jobs } = createService({ store, sweepMs: 0, engine: inProcess() })
  wrap('flaky', { retries: 1, backoffMs: 100 }, async () => {
    await go.opened
    throw new Error('not yet')
  })
  const at = location(await post('flaky'))
  await vi.advanceTimersByTimeAsync(10)
  const stopped = jobs.stop({ drainMs: 5_000 })
  go.open()
  await stopped
  const job = (await store.get(idOf(at))) as Job
  expect(job).toMatchObject({ status: 'queued', dispatch: 2 })
  expect(job.dueAt).toBeLessThanOrEqual(Date.now() + 100)
})

test('a job whose slot was kept before the stop is run, however long it takes to store it', async () => {
  const alone = sharedStore()
  const stored = gate()
  const store: JobStore = {
    ...alone,
    async insert(job) {
      await stored.opened
      return alone.insert(job)
    },
  }
  const { wrap, post, jobs, errors } = createService({ store, sweepMs: 0, engine: inProcess() })
  wrap('report', {}, async () => ok('made'))
  await jobs.start()
  const accepted = post('report')
  await vi.advanceTimersByTimeAsync(10)
  const stopped = jobs.stop({ drainMs: 5_000 })
  stored.open()
  const at = location(await accepted)
  await vi.advanceTimersByTimeAsync(10)
  await stopped
  expect(await store.get(idOf(at))).toMatchObject({ status: 'succeeded' })
  expect(errors).toEqual([])
})

test('two concurrent stop() calls both resolve when the running jobs have ended', async () => {
  const { wrap, post, jobs } = createService()
  const go = gate()
  wrap('report', {}, async () => {
    await go.opened
    return ok('made')
  })
  await post('report')
  await vi.advanceTimersByTimeAsync(10)
  const told: string[] = []
  void jobs.stop({ drainMs: 60_000 }).then(() => told.push('first'))
  void jobs.stop({ drainMs: 60_000 }).then(() => told.push('second'))
  go.open()
  await vi.advanceTimersByTimeAsync(10)
  expect(told.sort()).toEqual(['first', 'second'])
})

test('a job that was canceled is canceled, and not lost, when the process stops before its handler has', async () => {
  const { wrap, post, send, jobs } = createService()
  wrap('report', {}, () => new Promise(() => {}))
  const at = location(await post('report'))
  await vi.advanceTimersByTimeAsync(10)
  await send('DELETE', at)
  const stopped = jobs.stop({ drainMs: 100 })
  await vi.advanceTimersByTimeAsync(100)
  await stopped
  expect(json(await send('GET', at))).toMatchObject({ status: 'canceled' })
})

test('a poll that a stopping process answers leaves what was handed back to the next one', async () => {
  const store = sharedStore()
  const { wrap, post, send, jobs } = createService({ store, sweepMs: 0, engine: inProcess({ concurrency: 1 }) })
  wrap('report', { retries: 1 }, () => new Promise(() => {}))
  const waiting = [await post('report'), await post('report')].map(location)[1] as string
  const stopped = jobs.stop({ drainMs: 100 })
  await vi.advanceTimersByTimeAsync(200)
  await stopped
  expect(json(await send('GET', waiting))).toMatchObject({ status: 'queued' })
  expect((await store.get(idOf(waiting)))?.dueAt).toBeLessThanOrEqual(Date.now())
})

test.each(['insert', 'get'] as const)('a job whose %s takes longer than the stop is handed back, and not begun', async (slow) => {
  const alone = sharedStore()
  const answers = gate()
  const late = async (call: () => Promise<unknown>) => {
    const answer = await call()
    await answers.opened
    return answer
  }
  const store: JobStore = { ...alone, [slow]: (...args: [never, never]) => late(() => alone[slow](...args)) }
  const { wrap, post, jobs } = createService({ store, sweepMs: 0, engine: inProcess({ concurrency: 1 }) })
  const ran: string[] = []
  const go = gate()
  wrap('report', {}, async ({ handle }) => {
    ran.push(handle.id)
    await go.opened
    return ok('made')
  })
  void post('report')
  await vi.advanceTimersByTimeAsync(10)
  if (slow === 'get') void post('report') // waits, and is claimed when the first is done
  await vi.advanceTimersByTimeAsync(10)
  go.open()
  await vi.advanceTimersByTimeAsync(10)
  const before = ran.length
  const stopped = jobs.stop({ drainMs: 100 })
  await vi.advanceTimersByTimeAsync(200)
  await stopped
  answers.open()
  const back = { status: 'queued', attempt: 1, maxAttempts: 1, dispatch: 2 }
  await vi.waitFor(async () => expect(await alone.due?.(Date.now(), 10)).toMatchObject([back]))
  expect(ran).toHaveLength(before)
})

test('a clock that is set back while it stops does not make it wait for longer', async () => {
  let back = 0
  const silent = { retryMs: [], refusal: () => undefined, check: async () => undefined, send: vi.fn(() => new Promise<never>(() => {})) }
  const { wrap, post, jobs } = createService({ webhooks: silent, now: () => Date.now() - back })
  wrap('report', { webhook: 'https://example.com/hook' }, async () => ok('made'))
  await post('report')
  await vi.waitFor(() => expect(silent.send).toHaveBeenCalled())
  const stopped = jobs.stop({ drainMs: 1_000 }).then(() => 'stopped')
  back = HOUR_MS
  await vi.advanceTimersByTimeAsync(1_100)
  expect(await Promise.race([stopped, 'still waiting'])).toBe('stopped')
})

test('a request that comes after the stop is refused, although a queue would take its job', async () => {
  const sent: JobMessage[] = []
  const { wrap, post, jobs } = createService({ store: sharedStore(), engine: queueOf(sent), sweepMs: 0 })
  wrap('report', {}, async () => ok(1))
  await jobs.stop()
  const refused = await post('report')
  expect([refused?.status, refused?.headers['Retry-After'], json(refused).code]).toEqual([503, '5', 'draining'])
  expect(sent).toEqual([])
})

test('it has stopped when the end of what it cut off is written, also where the engine waits for nothing', async () => {
  const store = sharedStore()
  const { replace } = store
  const sent: JobMessage[] = []
  const { wrap, post, jobs } = createService({ store, engine: queueOf(sent), sweepMs: 0 })
  wrap('report', { retries: 1 }, () => new Promise(() => {}))
  const at = location(await post('report'))
  void jobs.run(sent[0] as JobMessage)
  await vi.advanceTimersByTimeAsync(10)
  store.replace = async (...write) => {
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    return replace(...write)
  }
  const stopped = jobs.stop({ drainMs: 10 }).then(() => store.get(idOf(at)))
  await vi.advanceTimersByTimeAsync(5_000)
  expect(await stopped).toMatchObject({ status: 'queued', dispatch: 2 })
})

test('what was handed over again elsewhere is not handed back', async () => {
  const store = sharedStore()
  const here = createService({ store, sweepMs: 0, engine: inProcess({ concurrency: 1 }) })
  const there = createService({ store, sweepMs: 0, engine: queueOf([]) })
  for (const { wrap } of [here, there]) wrap('report', {}, () => new Promise(() => {}))
  await here.post('report')
  const at = location(await here.post('report')) // which waits for the slot
  await vi.advanceTimersByTimeAsync(60_000)
  await there.jobs.sweep()
  const stopped = here.jobs.stop({ drainMs: 0 })
  await vi.advanceTimersByTimeAsync(100)
  await stopped
  expect(await store.get(idOf(at))).toMatchObject({ status: 'queued', dispatch: 2 })
})

test('all that runs is waited for, and nothing where nothing runs', async () => {
  const { wrap, post, send, jobs } = createService()
  const takes = (ms: number) => async () => {
    await new Promise((resolve) => setTimeout(resolve, ms))
    return ok(1)
  }
  wrap('short', {}, takes(100))
  wrap('long', {}, takes(2_000))
  const [short, long] = [location(await post('short')), location(await post('long'))]
  await vi.advanceTimersByTimeAsync(10)
  let stops = 0
  const stop = () => jobs.stop({ drainMs: 5_000 }).then(() => stops++)
  void stop()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(stops).toBe(0)
  await vi.advanceTimersByTimeAsync(1_100)
  expect(stops).toBe(1)
  for (const at of [short, long]) expect(json(await send('GET', at)).status).toBe('succeeded')
  void stop()
  await vi.advanceTimersByTimeAsync(10)
  expect(stops).toBe(2)
})

test('an engine that cannot stop keeps nothing from being stopped, and is told of', async () => {
  const store = sharedStore()
  const engine = inProcess()
  const { wrap, post, jobs, errors } = createService({
    ...{ store, sweepMs: 0 },
    engine: { ...engine, stop: () => Promise.reject<void>(new Error('the queue is away')) },
  })
  wrap('report', { retries: 1 }, () => new Promise(() => {}))
  const id = idOf(location(await post('report')))
  await vi.advanceTimersByTimeAsync(10)
  await jobs.stop({ drainMs: 100 })
  expect(await store.get(id)).toMatchObject({ status: 'queued', attempt: 1 })
  expect(errors.map(String)).toEqual(['Error: the queue is away', 'Error: the queue is away'])
})
