const DAY_MS = 86_400_000
const TWO = Array.from({ length: 60 }, (_, value) => `${value}`.padStart(2, '0'))

/**
 * Caches the date part of a time for the latest days: `toISOString` and `toUTCString` take a microsecond or more. A document has times of
 * mostly one day, and an expiry on another.
 */
function byDay(write: (midnight: Date) => string): (day: number) => string {
  const days: number[] = new Array(DAYS).fill(Number.NaN)
  const texts: string[] = new Array(DAYS).fill('')
  return (day) => {
    const at = ((day % DAYS) + DAYS) % DAYS
    if (days[at] !== day) {
      texts[at] = write(new Date(day * DAY_MS))
      days[at] = day
    }
    return texts[at] as string
  }
}
/** Size of the cache, by day modulo this: no usual `resultTtlMs` is a multiple of so many days. */
const DAYS = 11

const isoDay = byDay((midnight) => midnight.toISOString().slice(0, -13)) // including the T
const httpDay = byDay((midnight) => midnight.toUTCString().slice(0, -12)) // including the space before the time

/** RFC 3339 in UTC with milliseconds, as `Date.prototype.toISOString` writes it. */
export function rfc3339(at: number): string {
  const day = Math.floor(at / DAY_MS)
  const ms = Math.floor(at - day * DAY_MS)
  return `${isoDay(day)}${timeOfDay(Math.floor(ms / 1000))}.${`${1000 + (ms % 1000)}`.slice(1)}Z`
}

/** RFC 9110 5.6.7 date for `Sunset` and the like, as `Date.prototype.toUTCString` writes it. */
export function httpDate(at: number): string {
  const day = Math.floor(at / DAY_MS)
  return `${httpDay(day)}${timeOfDay(Math.floor((at - day * DAY_MS) / 1000))} GMT`
}

const timeOfDay = (seconds: number) => `${TWO[Math.floor(seconds / 3600)]}:${TWO[Math.floor(seconds / 60) % 60]}:${TWO[seconds % 60]}`

/** Defers work to the next turn of the event loop, after what can be read and written now. */
export const later: (work: () => void) => void =
  (globalThis as { setImmediate?: (work: () => void) => void }).setImmediate ?? ((work) => setTimeout(work, 0))

/** `setTimeout` that does not keep the process alive. */
export function unrefTimer(ms: number, work: () => void): ReturnType<typeof setTimeout> {
  const timer = setTimeout(work, ms)
  Object(timer).unref?.()
  return timer
}

type Settle<T> = (resolve: (value: T) => void, reject: (error: unknown) => void) => void

/** Settles as the work does, or by `late` once `ms` milliseconds have passed. */
export function within<T>(ms: number, work: Promise<T>, late: Settle<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    // Deferred: if this process was blocked for so long, an answer that has arrived meanwhile comes first.
    const timer = setTimeout(later, ms, () => late(resolve, reject))
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

/** Waits for the work, and at most `ms` milliseconds. */
export const atMost = (ms: number, work: Promise<void>): Promise<void> => within(ms, work, (resolve) => resolve())
