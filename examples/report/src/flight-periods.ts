import { ascending, median } from 'd3-array'
import { DAY_MS, dateParts, MONTHS } from './calendar'
import { entry } from './entry'
import type { FlightFigures, Punctuality } from './flights'
import { share } from './format'

export interface Period extends Punctuality {
  /** Days since 1970, or months since year 0. */
  at: number
}

/** A period with far fewer flights than the others says nothing: the last hours of a month's file, say. */
const dense = (periods: Period[]) => {
  const usual = median(periods, ({ flights }) => flights) ?? 0
  return periods.filter(({ flights }) => flights >= usual / 5).sort((a, b) => ascending(a.at, b.at))
}

const gather = (days: FlightFigures['days'], periodOf: (day: number) => number) => {
  const periods = new Map<number, Period>()
  for (const [day, { flights, late }] of days) {
    const at = periodOf(day)
    const period = entry(periods, at, () => ({ at, flights: 0, late: 0 }))
    period.flights += flights
    period.late += late
  }
  return dense([...periods.values()])
}

/** Days, or longer periods where days would be too many to draw. */
export const timeline = ({ days, from, to }: FlightFigures) => {
  const span = (to - from) / DAY_MS
  const [length, unit] = span <= 400 ? [1, 'day'] : span <= 2800 ? [7, 'week'] : [30, '30 days']
  return { unit, periods: gather(days, (day) => Math.floor(day / length) * length) }
}

/** Months, or years where months would be too many to draw. */
export const calendarPeriods = ({ days }: FlightFigures): { label: string; period: Period }[] => {
  const months = gather(days, (day) => {
    const { year, month } = dateParts(day * DAY_MS)
    return year * 12 + month
  })
  if (months.length <= 14) return months.map((period) => ({ label: MONTHS[period.at % 12]?.slice(0, 3) ?? '', period }))
  return gather(days, (day) => dateParts(day * DAY_MS).year).map((period) => ({ label: String(period.at), period }))
}

/** The mean of a period and its three neighbours to each side, weighed by their flights. */
export const movingShare = (periods: Period[]): [number, number][] =>
  periods.map(({ at }, index) => {
    const around = periods.slice(Math.max(0, index - 3), index + 4)
    const [late, flights] = [around.reduce((sum, p) => sum + p.late, 0), around.reduce((sum, p) => sum + p.flights, 0)]
    return [at, share(late, flights)]
  })

/** Where an axis of days gets its labels: at the first of months, years, or at some days when there are few. */
export const dayTicks = (from: number, to: number): { value: number; text: string }[] => {
  const ticks: { value: number; text: string }[] = []
  for (let day = Math.ceil(from); day <= to; day++) {
    const date = dateParts(day * DAY_MS)
    if (to - from < 60) {
      if ((day - Math.ceil(from)) % 7 === 0) ticks.push({ value: day, text: `${date.day} ${MONTHS[date.month]?.slice(0, 3)}` })
    } else if (to - from < 800) {
      if (date.day === 1) ticks.push({ value: day, text: MONTHS[date.month]?.slice(0, 3) ?? '' })
    } else if (date.day === 1 && date.month === 0) ticks.push({ value: day, text: String(date.year) })
  }
  const every = Math.ceil(ticks.length / 14)
  return ticks.filter((_, at) => at % every === 0)
}
