const DAY_MS = 86_400_000
const TWO = Array.from({ length: 60 }, (_, value) => `${value}`.padStart(2, '0'))

/** The last day that was written, and how it was written: of the times of jobs, and of their ends. */
let day = Number.NaN
let date = ''
let httpDay = Number.NaN
let httpDayText = ''

/**
 * RFC 3339 in UTC with milliseconds, as `Date.prototype.toISOString` writes it. That takes a microsecond or more, three times in
 * every status document; the times of a document are mostly of one day, so the date is kept and only the time of day is written.
 */
export function rfc3339(at: number): string {
  const today = Math.floor(at / DAY_MS)
  if (today !== day) {
    date = new Date(today * DAY_MS).toISOString().slice(0, -13) // up to and with the T
    day = today
  }
  const ms = Math.floor(at - today * DAY_MS)
  const seconds = Math.floor(ms / 1000)
  const fraction = ms % 1000
  const padding = fraction < 10 ? '00' : fraction < 100 ? '0' : ''
  return `${date}${TWO[Math.floor(seconds / 3600)]}:${TWO[Math.floor(seconds / 60) % 60]}:${TWO[seconds % 60]}.${padding}${fraction}Z`
}

/** RFC 9110 5.6.7 date for `Sunset` and the like, as `Date.prototype.toUTCString` writes it; by the day, for the same reason. */
export function httpDate(at: number): string {
  const today = Math.floor(at / DAY_MS)
  if (today !== httpDay) {
    httpDayText = new Date(today * DAY_MS).toUTCString().slice(0, -12) // up to and with the space before the time
    httpDay = today
  }
  const seconds = Math.floor((at - today * DAY_MS) / 1000)
  return `${httpDayText}${TWO[Math.floor(seconds / 3600)]}:${TWO[Math.floor(seconds / 60) % 60]}:${TWO[seconds % 60]} GMT`
}
