/** How numbers and times are written for the reader of the page. */

const WHOLE = new Intl.NumberFormat()
export const numberText = (value: number): string => WHOLE.format(value)

const UNITS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
] as const

/** A span of time in its two largest units: `1 h 5 min`, `12.3 s`, `80 ms`. */
export function spanText(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 59_500) return `${Number((ms / 1_000).toFixed(ms < 9_950 ? 1 : 0))} s`
  const at = UNITS.findIndex(([size]) => ms >= size - 500)
  const [size, unit] = UNITS[at] as (typeof UNITS)[number]
  const whole = Math.floor((ms + 500) / size)
  const [smaller, rest] = UNITS[at + 1] ?? [1, '']
  const left = Math.floor(((ms + 500) % size) / smaller)
  return left > 0 ? `${whole} ${unit} ${left} ${rest}` : `${whole} ${unit}`
}

const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const MINUTE = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })
const DAY = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' })
const DAY_AND_TIME = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' })
const WHOLE_TIME = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })

const isToday = (at: number) => new Date(at).toDateString() === new Date().toDateString()

/** Short: the time of day, or the day where it is another one. */
export const timeText = (at: number): string => (isToday(at) ? TIME : DAY_AND_TIME).format(at)
export const wholeTimeText = (at: number): string => WHOLE_TIME.format(at)
/** Under a plot, where times are so far from each other. */
export function tickText(at: number, apartMs: number): string {
  if (apartMs >= 86_400_000) return DAY.format(at)
  return (isToday(at) ? (apartMs < 60_000 ? TIME : MINUTE) : DAY_AND_TIME).format(at)
}

const SIZES = ['bytes', 'kB', 'MB', 'GB'] as const
export function sizeText(bytes: number): string {
  const at = Math.min(SIZES.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3))
  return `${at === 0 ? bytes : (bytes / 1_000 ** at).toFixed(1)} ${SIZES[at]}`
}
