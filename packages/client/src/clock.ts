import { ClientError } from './errors'

/** What takes time, so that tests can do without. */
export interface Clock {
  /** Epoch milliseconds. @default Date.now */
  readonly now: () => number
  /** From 0 to 1. @default Math.random */
  readonly random: () => number
  /** Resolves after so many milliseconds, rejects with the signal's reason when it aborts. @default with setTimeout */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  random: () => Math.random(),
  sleep(ms, signal) {
    let timer: ReturnType<typeof setTimeout> | undefined
    const over = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, Math.min(ms, LONGEST_TIMER))
    })
    return orAborted(over, signal).finally(() => clearTimeout(timer))
  },
}

/** A signal that aborts with any of these, and by itself. `end` lets go of them. */
export interface Scope {
  readonly signal: AbortSignal
  abort(reason: unknown): void
  /** Aborts so long from now, in the place of what was said before. */
  abortIn(ms: number): void
  end(): void
}

const noAnswer = () => new Error('The answer did not come in time.')

/** Longer than this a timer cannot count. */
const LONGEST_TIMER = 2 ** 31 - 1

/** `AbortSignal.any` and `.timeout`, which Node 20.0 and older browsers lack; and timers that end with what they are for. */
export function scope(parents: readonly (AbortSignal | null | undefined)[], ms = Number.POSITIVE_INFINITY, late = noAnswer): Scope {
  const controller = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const undo: (() => void)[] = []
  for (const parent of parents) {
    if (!parent) continue
    const abort = () => controller.abort(parent.reason)
    if (parent.aborted) abort()
    parent.addEventListener('abort', abort, { once: true })
    undo.push(() => parent.removeEventListener('abort', abort))
  }
  const abortIn = (left: number) => {
    clearTimeout(timer)
    if (left <= LONGEST_TIMER) timer = setTimeout(() => controller.abort(late()), Math.max(0, left))
  }
  abortIn(ms)
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    abortIn,
    end: () => {
      clearTimeout(timer)
      for (const one of undo.splice(0)) one()
    },
  }
}

/** Works within a scope, which ends with it: what is read of an answer belongs to the work. */
export async function within<T>(limit: Scope, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  try {
    limit.signal.throwIfAborted()
    return await orAborted(work(limit.signal), limit.signal)
  } finally {
    limit.end()
  }
}

/** The promise, or the signal's reason: some implementations of `fetch` do not listen to their signal. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

/** When a job must be over, and who may leave it before. */
export interface Deadline {
  /** In milliseconds; infinite where there is no limit. */
  left(): number
  readonly error: () => ClientError
  /** Whether there is nothing that could end it. */
  readonly isOpen: boolean
  /** For a part of what is done for the job. */
  scope(leaving?: AbortSignal): Scope
  /** For what is asked for by itself: after the time is over it has as much time once more. */
  renewed(): Scope
}

export function deadlineAfter(clock: Clock, ms = Number.POSITIVE_INFINITY, given?: AbortSignal | null): Deadline {
  let at = clock.now() + ms
  const error = () => new ClientError('timed_out', `Not finished within ${ms} ms; resume(job.url) follows it again.`)
  const left = () => at - clock.now()
  const limit = (leaving?: AbortSignal) => scope([given, leaving], left(), error)
  return {
    left,
    error,
    isOpen: !given && ms === Number.POSITIVE_INFINITY,
    scope: limit,
    renewed() {
      if (left() <= 0) at = clock.now() + ms
      return limit()
    },
  }
}

/** A clock on which nothing sleeps past the deadline. */
export const until = (deadline: Deadline, clock: Clock): Clock => ({
  ...clock,
  async sleep(ms, signal) {
    const left = deadline.left()
    if (ms <= left) return clock.sleep(ms, signal)
    await clock.sleep(Math.max(0, left), signal)
    throw deadline.error()
  },
})
