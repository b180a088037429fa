import { ById } from './by-id'
import type { DispatchContext, JobEngine, JobMessage, LeftMessage, LocalRun, Reservation, Runner } from './engine'
import { JobsError } from './errors'
import { checkedOptions, invalid, MAX_TIMER_MS, oneOf, whole } from './rules'
import { atMost, later } from './time'

/** Options of {@link inProcess}. */
export interface InProcessOptions {
  /** Number of jobs that run at once, 1 to 100_000. Raise it for handlers that mostly wait, lower it for those that compute. @default 10 */
  concurrency?: number | undefined
  /** Number of jobs that may wait for a slot; beyond it new requests are answered 503. @default 1_000 */
  maxQueued?: number | undefined
  /**
   * Whether handlers get the stored request instead of the live one, as in a worker process; `jobs.start()` must then be called. For
   * tests: it shows what `carry` is missing.
   * @default false
   */
  replay?: boolean | undefined
}

interface Waiting {
  message: JobMessage
  readonly local: LocalRun | undefined
  /** If queued: runs it, in the async context (AsyncLocalStorage) of its own request and not that of the job before it. */
  go?: () => void
  /** If delayed: the timer that ends the delay, and when it does, by `performance.now()`. */
  timer?: ReturnType<typeof setTimeout>
  until?: number
}

/**
 * Runs jobs in the process that accepted them, a limited number at once, in order of arrival. Its queue is in memory and lost with the
 * process; with a durable store a sweep finds the jobs again.
 *
 * @throws {JobsError} `invalid_option`
 */
export function inProcess(options: InProcessOptions = {}): JobEngine {
  const { concurrency, maxQueued, replay } = checkedOptions<Required<InProcessOptions>>('inProcess', options, {
    concurrency: whole(10, 1, 100_000),
    maxQueued: whole(1_000),
    replay: oneOf(false, true, false),
  })
  const queue: Waiting[] = []
  /** All jobs that are queued, running or delayed, by id. */
  const here = new ById<Waiting>()
  const held = new Map<string, Waiting>() // delayed ones
  let run: Runner | undefined
  let busy = 0 // slots that run a job or are reserved for one
  let kept = 0 // places in the queue reserved for jobs that are being stored
  const idle: (() => void)[] = [] // called when the last slot becomes free
  const left: LeftMessage[] = [] // messages that will not run here any more
  let stopped = false
  let turnEnds = 0

  const reservation = (starts: boolean): Reservation => {
    let open = true
    if (starts) busy++
    else kept++
    return {
      starts,
      release() {
        if (!open) return
        open = false
        if (starts) leave()
        else kept--
      },
    }
  }
  const leave = () => {
    busy--
    next(Date.now() < turnEnds)
    if (busy === 0) for (const wake of idle.splice(0)) wake()
  }
  // Queued jobs have been answered already, so a free slot may take the next one in the same turn of the event loop; otherwise no more
  // than `concurrency` short jobs would run per turn. At most TURN_MS, so that other work gets its turn.
  const next = (atOnce = false) => {
    while (!stopped && busy < concurrency && queue.length > 0) {
      busy++
      const { go } = queue.shift() as Required<Waiting>
      if (atOnce) go()
      else begin(go)
    }
  }
  // Deferred until the answer has been sent: work in the same tick would delay it.
  const begin = (go: () => void) =>
    later(() => {
      turnEnds = Date.now() + TURN_MS
      go()
    })
  const perform = async ({ message, local }: Waiting) => {
    const outcome = await (run as Runner)(message, { local }).catch(() => undefined)
    here.delete(message.id)
    // The live request is kept for the next attempt, so that a retry here sees what the first run saw.
    if (outcome?.kind === 'retry') {
      if (stopped) left.push({ ...message, delayMs: outcome.delayMs })
      else hold({ message, local: local && { ...local, claimed: null } }, outcome.delayMs)
    }
    leave()
  }
  const enqueue = (waiting: Waiting) => {
    queue.push(waiting)
    // What follows a promise runs in the context in which that was asked for.
    void new Promise<void>((resolve) => {
      waiting.go = resolve
    }).then(() => perform(waiting))
    next()
  }
  const hold = (waiting: Waiting, delayMs: number) => {
    const { id } = waiting.message
    here.set(id, waiting)
    held.set(id, waiting)
    waiting.until = performance.now() + delayMs
    waiting.timer = setTimeout(
      () => {
        if (delayMs > MAX_TIMER_MS) return hold(waiting, delayMs - MAX_TIMER_MS)
        held.delete(id)
        enqueue(waiting)
      },
      Math.min(delayMs, MAX_TIMER_MS),
    )
  }

  return {
    capabilities: { durable: false, remote: replay, maxRunMs: null, delay: true, cancel: 'local' },
    reserve(delayMs) {
      if (stopped) return null
      if (!replay && delayMs === 0 && busy < concurrency) return reservation(true) // a free slot means an empty queue
      return queue.length + held.size + kept < maxQueued ? reservation(false) : null
    },
    async dispatch(message: JobMessage, { delayMs, local, reservation }: DispatchContext) {
      // A slot that was reserved before the stop may still be used: `stop` waits for it.
      if (!run || (stopped && !reservation?.starts)) throw new JobsError('draining', 'This engine is not running.')
      const there = here.get(message.id)
      if (there) {
        there.message = message // dispatched again after a long wait: it keeps its place
        return reservation?.release()
      }
      const waiting = { message, local: replay ? undefined : local }
      here.set(message.id, waiting)
      if (reservation?.starts) return begin(() => perform(waiting))
      if (delayMs > 0) hold(waiting, delayMs)
      else enqueue(waiting)
      reservation?.release()
    },
    async cancel(id) {
      clearTimeout(held.get(id)?.timer)
      const waited = held.delete(id)
      const at = queue.findIndex(({ message }) => message.id === id)
      if (at >= 0) queue.splice(at, 1)
      if (waited || at >= 0) here.delete(id)
    },
    async start(runner) {
      if (run) throw invalid('inProcess: this engine is in use; each createJobs needs its own')
      run = runner
    },
    async stop(drainMs) {
      stopped = true
      left.push(...queue.splice(0).map(({ message }) => message))
      for (const { message, timer, until = 0 } of held.values()) {
        clearTimeout(timer)
        left.push({ ...message, delayMs: Math.max(0, until - performance.now()) })
      }
      held.clear()
      if (busy > 0) await atMost(drainMs, new Promise((resolve) => idle.push(resolve)))
      return left.splice(0)
    },
  }
}

/** How long queued jobs may be started one after another in one turn of the event loop, in milliseconds. */
const TURN_MS = 2
