export const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

export const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]
export const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']

/** The day's number since 1 January 1970. */
export const dayOf = (time: number) => Math.floor(time / DAY_MS)

export const hourOf = (time: number) => Math.floor((time - dayOf(time) * DAY_MS) / HOUR_MS)

/** 0 is Monday. 1 January 1970 was a Thursday. */
export const weekdayOf = (day: number) => (((day + 3) % 7) + 7) % 7

/** Year, month (0 is January) and day of the month. */
export const dateParts = (time: number) => {
  const date = new Date(time)
  return { year: date.getUTCFullYear(), month: date.getUTCMonth(), day: date.getUTCDate() }
}

/** `4 July 2001`. Written here and not by Intl, whose wording differs from runtime to runtime. */
export const longDate = (time: number) => {
  const { year, month, day } = dateParts(time)
  return `${day} ${MONTHS[month]} ${year}`
}

/** `4 Jul 2001, 09:05` */
export const shortDateTime = (time: number) => {
  const { year, month, day } = dateParts(time)
  const minutes = Math.floor((time - dayOf(time) * DAY_MS) / 60_000)
  return `${day} ${MONTHS[month]?.slice(0, 3)} ${year}, ${clock(Math.floor(minutes / 60), minutes % 60)}`
}

/** `09:05` */
export const clock = (hour: number, minute = 0) => `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`

/** `1 January to 1 July 2001`: what both ends share is said once. */
export const dateRange = (from: number, to: number) => {
  const [start, end] = [dateParts(from), dateParts(to)]
  if (start.year !== end.year) return `${longDate(from)} to ${longDate(to)}`
  if (start.month !== end.month) return `${start.day} ${MONTHS[start.month]} to ${longDate(to)}`
  return start.day === end.day ? longDate(to) : `${start.day} to ${longDate(to)}`
}
