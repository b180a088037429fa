import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, afterEach, expect, test, vi } from 'vitest'
import { type Execution, inProcess, type Job, type JobEngine, type JobMessage, type JobStore, type Runner } from '../src/index'
import { isTerminal } from '../src/lifecycle'
import { createService, idOf, json, location, ok, type Service, sharedStore } from './service'

// A schedule is the same each time: what core leaves to a later turn comes by the clock of the test, and a hash at once.
const setImmediate = vi.hoisted(() => {
  const real = globalThis.setImmediate
  globalThis.setImmediate = ((work: () => void) => setTimeout(work, 0)) as never // until core is there, which keeps it
  return real
})
globalThis.setImmediate = setImmediate
const sha256 = (data: BufferSource) => createHash('sha256').update(data as Uint8Array)
const digest = vi.spyOn(crypto.subtle, 'digest').mockImplementation(async (_, data) => new Uint8Array(sha256(data).digest()).buffer)
afterAll(() => digest.mockRestore())
afterEach(() => void vi.useRealTimers())

/** The same schedules every time. One that fails is printed in its smallest form, with its seed. */
const SEED = 202
const RUNS = 200

const SETTINGS = { leaseMs: 2_000, storeTimeoutMs: 500, cancelGraceMs: 1_000, startDeadlineMs: 5_000, sweepMs: 2_000 }
const MAX_RUN_MS = 15_000
/** What a stop takes at most besides its time: an end is tried to be written five times, with pauses, and then what waits is handed back. */
const STOP_MS = 7_250 + 7 * SETTINGS.storeTimeoutMs
const CONCURRENCY = 3
const HOUR_MS = 3_600_000
const OPERATIONS = {
  once: {},
  again: { retries: 2, backoffMs: 500 },
  later: { retries: 1, backoffMs: 8_000, delayMs: 4_000 },
  brief: { resultTtlMs: 5_000 },
  waits: { retries: 1, when: { afterMs: 3_000 } },
} as const

interface Conditions {
  readonly engine: 'inProcess' | 'queue'
  /** How far the clock of a process is from the others, in milliseconds. */
  readonly skews: readonly number[]
  /** How long a call of the store takes at most, each way. */
  readonly delayMs: number
  /** How many calls in a hundred go wrong. */
  readonly faults: number
  readonly seed: number
}
interface Step {
  readonly what: 'submit' | 'cancel' | 'purge' | 'poll' | 'wait' | 'retry' | 'list' | 'sweep' | 'set clock' | 'cut off' | 'stop' | 'kill'
  readonly operation: keyof typeof OPERATIONS
  /** What the handler does with it. */
  readonly plan: 'answer' | 'work' | 'deaf' | 'hang' | 'throw' | 'throw once' | 'refuse' | 'fail' | 'report'
  readonly ms: number
  readonly key: string | undefined
  /** Which process does it, and to which of the jobs. */
  readonly process: number
  readonly job: number
  /** Until the next step. */
  readonly pauseMs: number
}

/** Numbers from 0 to below `sides`, the same for the same seed (mulberry32). */
function dice(seed: number) {
  let state = seed
  return (sides: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * sides)
  }
}
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
const NEVER = new Promise<never>(() => {})

/** The jobs as they are stored, and what is wrong with how they came to be so. */
function auditedStore(wrong: Set<string>) {
  const records = new Map<string, Job>()
  const store = sharedStore()
  const note = (next: Job) => {
    const before = records.get(next.id)
    records.set(next.id, next)
    if (!before) return
    const isGone = next.goneAt !== undefined
    if (next.version !== before.version + 1) wrong.add('a version was skipped, or written twice')
    if (next.attempt < before.attempt || next.attempt > before.attempt + 1) wrong.add('attempts were not counted one by one')
    if (isTerminal(before.status) && next.status !== before.status) wrong.add('a finished job changed')
    if (isTerminal(before.status) && !isGone && next.result !== before.result) wrong.add('a result changed')
    if (!isGone && (next.percentComplete ?? 0) < (before.percentComplete ?? 0)) wrong.add('progress fell')
    if (next.dueAt === null) wrong.add('nobody would look at a job again')
    if (next.status === 'succeeded' && !isGone && JSON.parse(String(next.result)).attempt !== next.attempt)
      wrong.add('the result of a late attempt was taken')
  }
  const { insert, replace, remove } = store
  Object.assign(store, {
    insert: async (job) => {
      const answer = await insert(job)
      if (answer.inserted) note(job)
      return answer
    },
    replace: async (next) => {
      const answer = await replace(next)
      if (answer.replaced) note(next)
      return answer
    },
    remove: async (id, version) => {
      const done = await remove(id, version)
      if (done) records.delete(id)
      return done
    },
  } satisfies Partial<JobStore>)
  return { store, records }
}

/** A queue that others consume, and that delivers late, twice, in any order, or not at all. */
function unsteadyQueue(roll: (sides: number) => number, isCalm: () => boolean) {
  const messages: { readonly message: JobMessage; readonly at: number }[] = []
  const consumers = new Set<{ readonly run: Runner; busy: number }>()
  const put = (message: JobMessage, delayMs: number) => messages.push({ message, at: Date.now() + delayMs })
  const engine = (): JobEngine => {
    let consumer: { readonly run: Runner; busy: number } | undefined
    return {
      capabilities: { durable: true, remote: true, maxRunMs: null, delay: true, cancel: 'none' },
      async dispatch(message, { delayMs }) {
        const fate = isCalm() ? 9 : roll(10)
        if (fate === 0) return
        if (fate === 1) throw new Error('the queue is away')
        put(message, delayMs + (fate < 5 ? roll(8_000) : 0))
        if (fate === 2) put(message, delayMs + roll(20_000))
        if (fate === 3) throw new Error('the answer of the queue was lost')
      },
      async start(run) {
        consumer = { run, busy: 0 }
        consumers.add(consumer)
      },
      async stop(drainMs) {
        if (consumer) consumers.delete(consumer)
        for (let waited = 0; waited < drainMs && consumer && consumer.busy > 0; waited += 100) await sleep(100)
      },
    }
  }
  /** Delivers what is due, to whoever has room. */
  const deliver = () => {
    for (const due of messages.filter(({ at }) => at <= Date.now())) {
      const free = [...consumers].filter(({ busy }) => busy < CONCURRENCY)
      const consumer = free[roll(free.length)]
      if (!consumer) return
      messages.splice(messages.indexOf(due), 1)
      consumer.busy++
      const failed = () => ({ kind: 'retry', delayMs: 1_000 }) as const
      void consumer
        .run(due.message, {})
        .catch(failed)
        .then((outcome) => {
          consumer.busy--
          if (outcome.kind === 'retry') put(due.message, outcome.delayMs)
        })
    }
  }
  return { engine, deliver }
}

interface Process extends Service {
  readonly engine: JobEngine
  skew: number
  /** Until when it does not reach the store. */
  awayUntil: number
  isDead: boolean
  isStopping: boolean
  isStopped: boolean
}

/** Several processes over one store live through the steps, and then as long as it takes without faults. Resolves to what was wrong. */
async function live({ engine, skews, delayMs, faults, seed }: Conditions, steps: readonly Step[]): Promise<string[]> {
  const wrong = new Set<string>()
  const roll = dice(seed)
  let isCalm = false
  const { store, records } = auditedStore(wrong)
  const queue = unsteadyQueue(roll, () => isCalm)
  const began = new Map<string, number[]>()
  const told: { readonly path: string; readonly wish: string }[] = []
  const processes: Process[] = []

  /** The store as a process reaches it: slow, and away now and then, before it has written or after. */
  const reached = (from: () => Process): JobStore => {
    const call = async (act: () => Promise<unknown>) => {
      const fate = isCalm || roll(100) >= faults ? 'well' : ['before', 'after', 'never', 'late', 'slow'][roll(5)]
      if (!isCalm) await sleep(roll(delayMs + 1))
      if (fate === 'before' || Date.now() < from().awayUntil) throw new Error('connection refused')
      if (fate === 'late') await sleep(SETTINGS.storeTimeoutMs + roll(3_000))
      if (fate === 'never' || from().isDead) return NEVER
      const answer = await act()
      if (!isCalm) await sleep(roll(delayMs + 1))
      if (fate === 'slow') await sleep(roll(SETTINGS.storeTimeoutMs))
      if (fate === 'after') throw new Error('connection lost')
      return from().isDead ? NEVER : answer
    }
    const names = ['insert', 'get', 'replace', 'remove', 'due', 'list', 'holder'] as const
    const calls = names.map((name) => [
      name,
      (...args: never[]) => call(() => (store[name] as (...args: never[]) => Promise<unknown>)(...args)),
    ])
    return { capabilities: store.capabilities, ...Object.fromEntries(calls) }
  }

  const handler =
    (here: () => Process) =>
    async ({ handle, requestBody }: Execution) => {
      const { id, attempt, signal } = handle
      const [plan, ms] = JSON.parse(String(requestBody)) as [Step['plan'], number]
      const attempts = began.get(id) ?? []
      if (attempts.includes(attempt)) wrong.add('an attempt was run twice')
      began.set(id, [...attempts, attempt])
      if (here().isStopped) wrong.add('a handler began in a process that had stopped')
      const late = () => {
        const job = records.get(id)
        const isLost = String(signal.reason).includes('another worker') && job?.status === 'running' && job.attempt === attempt
        if (isLost) wrong.add('an attempt was cut off for nothing')
      }
      signal.addEventListener('abort', late)
      const work = (pause: number) =>
        new Promise<void>((resolve, reject) => {
          const timer = setTimeout(resolve, pause)
          signal.addEventListener('abort', () => {
            clearTimeout(timer)
            reject(signal.reason)
          })
        })
      if (plan === 'hang') return NEVER
      if (plan === 'throw' || (plan === 'throw once' && attempt === 1)) throw new Error('no')
      if (plan === 'deaf') await sleep(ms)
      if (plan === 'work') await work(ms)
      for (let percent = 0; plan === 'report' && percent < 100; percent += 20) {
        void handle.progress(percent)
        await work(ms / 5)
      }
      return { ...ok({ attempt }), status: plan === 'refuse' ? 400 : plan === 'fail' ? 500 : 200 }
    }

  const begin = (skew: number) => {
    const here = (): Process => process
    const own = engine === 'queue' ? queue.engine() : inProcess({ concurrency: CONCURRENCY, maxQueued: 20 })
    const random = () => roll(1_000) / 1_000
    const newId = () => `00000000-0000-4000-8000-${String(roll(2 ** 40)).padStart(12, '0')}`
    const options = { ...SETTINGS, tombstoneMs: HOUR_MS, store: reached(here), engine: own, random, newId }
    const service = createService({ ...options, now: () => Date.now() + process.skew })
    const process: Process = { ...service, engine: own, skew, awayUntil: 0, isDead: false, isStopping: false, isStopped: false }
    for (const [name, how] of Object.entries(OPERATIONS)) service.wrap(name, { ...how, maxRunMs: MAX_RUN_MS }, handler(here))
    processes.push(process)
    void service.jobs.start()
  }
  const up = () => processes.filter(({ isDead, isStopping }) => !isDead && !isStopping)

  let unanswered = 0
  const ask = (work: Promise<unknown>) => {
    unanswered++
    const failed = (error: unknown) => {
      if (error instanceof TypeError) wrong.add(String(error.stack)) // all others are of the store, or refusals
    }
    work.catch(failed).finally(() => unanswered--)
  }
  const submit = async (by: Process, { operation, plan, ms, key }: Step) => {
    const body = JSON.stringify([plan, ms])
    const answer = await by.post(operation, { body, headers: key === undefined ? {} : { 'idempotency-key': key } })
    if (answer?.status !== 202 || by.isDead) return
    const path = location(answer)
    if (!records.has(idOf(path))) wrong.add('a job was not there when its 202 left')
    const wish = `${key} ${operation} ${body}`
    const same = told.find((one) => key !== undefined && one.wish === wish && records.get(idOf(one.path))?.goneAt === undefined)
    if (same && same.path !== path) wrong.add('one key made two jobs')
    told.push({ path, wish })
  }
  const shown = new Map<string, string>()
  const poll = async (by: Process, path: string, headers: Record<string, string> = {}) => {
    const answer = await by.send('GET', path, headers)
    if (answer?.status === 404) wrong.add('a job that was told of is not found')
    if (answer?.status !== 200 && answer?.status !== 202) return
    const document = json(answer)
    const isOver = isTerminal(document.status as Job['status'])
    if (Object.values(document).includes(null)) wrong.add('a document has members that are null')
    if (isOver !== (answer.status === 200) || isOver !== 'finishedAt' in document || isOver === 'retryAfterMs' in document)
      wrong.add('a document is not that of its state')
    if ((document.status === 'running') !== 'startedAt' in document && !isOver) wrong.add('startedAt is not that of its state')
    if (!isOver) return
    if ((shown.get(path) ?? answer.body) !== answer.body) wrong.add('the document of a finished job changed')
    shown.set(path, String(answer.body))
  }
  const stop = async (by: Process, drainMs: number) => {
    const from = performance.now()
    await by.jobs.stop({ drainMs })
    by.isStopped = true
    if (performance.now() - from > drainMs + STOP_MS) wrong.add('a stop took too long')
  }
  const act = ({ what, ms, ...step }: Step) => {
    const by = up()[step.process % up().length] as Process
    const path = told[step.job % Math.max(1, told.length)]?.path ?? '/jobs/none'
    switch (what) {
      case 'submit':
        return ask(submit(by, { what, ms, ...step }))
      case 'cancel':
        return ask(by.jobs.cancel(idOf(path)))
      case 'purge':
        return ask(by.jobs.purge(idOf(path)))
      case 'retry':
        return ask(by.jobs.retry(idOf(path)))
      case 'poll':
      case 'wait':
        return path === '/jobs/none' ? undefined : ask(poll(by, path, what === 'wait' ? { prefer: 'wait=10' } : {}))
      case 'list':
        return ask(by.jobs.list({ owner: null }))
      case 'sweep':
        return ask(by.jobs.sweep())
      case 'set clock':
        by.skew = 4 * ms - 28_000
        return
      case 'cut off':
        by.awayUntil = Date.now() + ms
        return
      case 'stop':
        begin(by.skew)
        by.isStopping = true
        return ask(stop(by, ms % 300))
      case 'kill':
        begin(by.skew)
        by.isDead = true
    }
  }
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 500) {
      await vi.advanceTimersByTimeAsync(Math.min(500, ms - passed))
      queue.deliver()
    }
  }

  for (const skew of skews) begin(skew)
  for (const step of steps) {
    act(step)
    await pass(step.pauseMs)
  }
  isCalm = true
  await pass(300_000) // three attempts that hang, their pauses, and a queue that lost each of them
  for (const { path } of told)
    for (const by of up()) {
      ask(poll(by, path))
      await vi.advanceTimersByTimeAsync(1)
    }
  for (const job of records.values()) {
    if (!isTerminal(job.status)) wrong.add(`a job never ended, it is ${job.status}`)
    if ((began.get(job.id) ?? []).length > job.maxAttempts) wrong.add('a handler was called too often')
  }
  for (const { engine } of up()) {
    let slots = 0
    while (engine.reserve?.(0)?.starts) slots++
    if (engine.reserve && slots !== CONCURRENCY) wrong.add('a slot was never given back')
  }
  for (const by of up()) ask(by.jobs.stop({ drainMs: 0 }))
  await pass(5_000)
  // Whoever has asked a process that died waits for ever.
  if (!processes.some(({ isDead }) => isDead)) {
    if (unanswered > 0) wrong.add('somebody was never answered')
    if (vi.getTimerCount() > 0) wrong.add('timers are left')
  }
  return [...wrong]
}

const conditions = fc.record<Conditions>({
  engine: fc.constantFrom('inProcess', 'queue'),
  skews: fc.array(fc.integer({ min: -30_000, max: 30_000 }), { minLength: 1, maxLength: 3 }),
  delayMs: fc.constantFrom(0, 5, 100, 400),
  faults: fc.constantFrom(0, 5, 15, 30),
  seed: fc.integer(),
})
const asked = fc.constantFrom<Step['what'][]>('submit', 'cancel', 'purge', 'poll', 'wait', 'retry', 'list', 'sweep')
const step = fc.record<Step>({
  what: fc.oneof(
    fc.constant<Step['what']>('submit'),
    asked,
    fc.constantFrom<Step['what'][]>('cancel', 'set clock', 'cut off', 'stop', 'kill'),
  ),
  operation: fc.constantFrom('once', 'again', 'later', 'brief', 'waits'),
  plan: fc.constantFrom('answer', 'work', 'deaf', 'hang', 'throw', 'throw once', 'refuse', 'fail', 'report'),
  ms: fc.nat(14_000),
  key: fc.constantFrom(undefined, undefined, 'a', 'b'),
  process: fc.nat(5),
  job: fc.nat(30),
  pauseMs: fc.constantFrom(0, 0, 1, 10, 100, 700, 2_000, 5_000),
})

test('whatever goes wrong on the way, every job that was accepted ends once, and nothing is left behind', async () => {
  const property = fc.asyncProperty(conditions, fc.array(step, { minLength: 5, maxLength: 30 }), async (given, steps) => {
    vi.useFakeTimers()
    expect(await live(given, steps)).toEqual([])
  })
  await fc.assert(property, { numRuns: RUNS, seed: SEED })
})
