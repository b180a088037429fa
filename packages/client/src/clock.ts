import { ClientError } from './errors'

/** Time and randomness, which tests can replace. */
export interface Clock {
  /** Epoch milliseconds. @default Date.now */
  readonly now: () => number
  /** Returns a number from 0 to 1. @default Math.random */
  readonly random: () => number
  /** Resolves after `ms` milliseconds, or rejects with the signal's reason when it aborts. @default by setTimeout */
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

/** A signal that aborts with its parents, after a time, or by `abort`. `end` releases timer and listeners. */
export interface Scope {
  readonly signal: AbortSignal
  abort(reason?: unknown): void
  /** Sets the time after which it aborts, in place of the one before. */
  abortIn(ms: number): void
  end(): void
}

const noAnswer = () => new Error('The answer did not come in time.')

/** Longest delay of a timer. */
const LONGEST_TIMER = 2 ** 31 - 1

/** As `AbortSignal.any` and `.timeout`, which Node 20.0 and older browsers lack, with timers that can be released. */
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

/** Runs work within a scope, which ends with the work. */
export async function within<T>(limit: Scope, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  try {
    limit.signal.throwIfAborted()
    return await orAborted(work(limit.signal), limit.signal)
  } finally {
    limit.end()
  }
}

/** Settles as the promise, or rejects with the signal's reason: some implementations of `fetch` ignore their signal. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

/** Time limit and abort signal of a job. */
export interface Deadline {
  /** Time left, in milliseconds; infinite without a limit. */
  left(): number
  readonly error: () => ClientError
  /** Whether there is neither a limit nor a signal. */
  readonly isOpen: boolean
  /** Scope for a part of the work on the job. */
  scope(leaving?: AbortSignal): Scope
  /** Scope for a separate call, such as `cancel`: after the deadline it has the same time again. */
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

/** A clock whose `sleep` does not go past the deadline. */
export const until = (deadline: Deadline, clock: Clock): Clock => ({
  ...clock,
  async sleep(ms, signal) {
    const left = deadline.left()
    if (ms <= left) return clock.sleep(ms, signal)
    await clock.sleep(Math.max(0, left), signal)
    throw deadline.error()
  },
})
