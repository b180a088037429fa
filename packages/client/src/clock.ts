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
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      const stop = () => {
        clearTimeout(timer)
        reject(signal.reason)
      }
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', stop)
        resolve()
      }, ms)
      signal.addEventListener('abort', stop, { once: true })
    }),
}

/** A signal that aborts with any of these, and by itself. `end` lets go of them. */
export interface Scope {
  readonly signal: AbortSignal
  abort(reason: unknown): void
  end(): void
}

/** Longer than this a timer cannot count. */
const LONGEST_TIMER = 2_147_483_647

/** `AbortSignal.any` and `.timeout`, which Node 20.0 and older browsers lack; and timers that end with what they are for. */
export function scope(parents: readonly (AbortSignal | null | undefined)[], ms?: number, late?: () => unknown): Scope {
  const controller = new AbortController()
  const undo: (() => void)[] = []
  for (const parent of parents) {
    if (!parent) continue
    const abort = () => controller.abort(parent.reason)
    if (parent.aborted) abort()
    parent.addEventListener('abort', abort, { once: true })
    undo.push(() => parent.removeEventListener('abort', abort))
  }
  if (ms !== undefined && ms <= LONGEST_TIMER) {
    const timer = setTimeout(() => controller.abort(late?.()), Math.max(0, ms))
    undo.push(() => clearTimeout(timer))
  }
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    end: () => {
      for (const one of undo.splice(0)) one()
    },
  }
}

/** The promise, or the signal's reason: some implementations of `fetch` do not listen to their signal. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    promise.catch(() => {}) // nobody is left to hear of it
    return Promise.reject(signal.reason)
  }
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

export const timedOut = (ms: number): ClientError =>
  new ClientError('timed_out', `Not finished within ${ms} ms. The job goes on at the server; resume(job.url) follows it again.`)

/** When a job must be over. */
export interface Deadline {
  /** Epoch milliseconds; infinite where there is no limit. */
  readonly at: number
  readonly error: () => ClientError
}

export const deadlineAfter = (clock: Clock, ms = Number.POSITIVE_INFINITY): Deadline => ({
  at: clock.now() + ms,
  error: () => timedOut(ms),
})

/** A clock on which nothing sleeps past the deadline. */
export const until = (deadline: Deadline, clock: Clock): Clock => ({
  ...clock,
  async sleep(ms, signal) {
    const left = deadline.at - clock.now()
    if (ms <= left) return clock.sleep(ms, signal)
    await clock.sleep(Math.max(0, left), signal)
    throw deadline.error()
  },
})
