const DAY_MS = 86_400_000
const TWO = Array.from({ length: 60 }, (_, value) => `${value}`.padStart(2, '0'))

/** The last day that was written, and how it was written. */
let day = Number.NaN
let date = ''

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
