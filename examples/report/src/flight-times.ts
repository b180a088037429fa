import { clock, WEEKDAYS } from './calendar'
import type { Canvas } from './canvas'
import { drawColumnChart } from './column-chart'
import { calendarPeriods } from './flight-periods'
import { type FlightFigures, LATE_FROM, type Punctuality } from './flights'
import { count, percent, share, wholePercent } from './format'
import { drawHeatmap } from './heatmap'
import { CONTENT_TOP, drawHeading, leftHalf, rightHalf, wide } from './layout'
import { drawLineChart } from './line-chart'
import { COLOR } from './theme'

const lateShare = ({ late, flights }: Punctuality) => share(late, flights)

const together = (places: Punctuality[]): Punctuality => ({
  flights: places.reduce((sum, { flights }) => sum + flights, 0),
  late: places.reduce((sum, { late }) => sum + late, 0),
})

/** The hours as a timetable has them: few flights leave between 2 and 4, so a day of flights begins there and not at midnight. */
const HOURS = Array.from({ length: 24 }, (_, at) => (at + 4) % 24)

/** The page on hours, weekdays and months. */
export const drawFlightTimes = (canvas: Canvas, figures: FlightFigures) => {
  const hours = HOURS.map((hour) => together(figures.week.flatMap((day) => day[hour] ?? [])))
  drawHeading(canvas, 'When flights are late', finding(hours, figures.flights))
  drawWeek(canvas, figures)
  drawHours(canvas, hours)
  drawFan(canvas, figures)
  drawWeekdays(canvas, figures)
  drawMonths(canvas, figures)
}

const finding = (hours: Punctuality[], flights: number) => {
  const busy = hours.map((place, at) => ({ ...place, hour: HOURS[at] ?? 0 })).filter((place) => place.flights >= flights / 100)
  const ranked = busy.sort((a, b) => lateShare(a) - lateShare(b))
  const [best, worst] = [ranked[0], ranked.at(-1)]
  if (!best || !worst) return ''
  const say = (place: typeof best) => `${percent(lateShare(place))} between ${clock(place.hour)} and ${clock(place.hour + 1)}`
  return `Lateness depends on the hour: ${say(best)}, ${say(worst)}.`
}

const drawWeek = (canvas: Canvas, { week, flights }: FlightFigures) => {
  const few = Math.max(5, Math.round(flights / 10_000))
  const value = (row: number, column: number) => {
    const cell = week[row]?.[HOURS[column] ?? 0]
    return cell && cell.flights >= few ? lateShare(cell) : undefined
  }
  const worst = Math.max(0.1, ...week.flatMap((day, row) => day.map((_, column) => value(row, column) ?? 0)))
  drawHeatmap(canvas, wide(CONTENT_TOP, 190), {
    title: 'Weekday and hour',
    note: `Share of late flights in percent. Cells with fewer than ${count(few)} flights are left empty.`,
    rows: WEEKDAYS,
    columns: HOURS.map(String),
    axisTitle: 'Hour of departure',
    value,
    domain: [0, Math.ceil(worst * 10) / 10],
    format: wholePercent,
    cellFormat: (cell) => String(Math.round(cell * 100)),
  })
}

const drawHours = (canvas: Canvas, hours: Punctuality[]) =>
  drawColumnChart(canvas, leftHalf(342, 198), {
    title: 'Flights by hour',
    note: `Late: ${LATE_FROM} minutes or more`,
    columns: hours.map(({ flights, late }, at) => ({ label: String(HOURS[at]), parts: [flights - late, late] })),
    colors: [COLOR.blue, COLOR.orange],
    format: count,
    axisTitle: 'Hour of departure',
    legend: [
      { color: COLOR.blue, text: 'On time' },
      { color: COLOR.orange, text: 'Late' },
    ],
  })

const drawFan = (canvas: Canvas, { hours, flights }: FlightFigures) => {
  const busy = HOURS.map((hour, at) => ({ at, hour, delays: hours[hour] })).flatMap(({ delays, ...place }) =>
    delays && delays.total >= Math.max(1, flights / 500) ? { ...place, delays } : [],
  )
  const between = (low: number, high: number) =>
    busy.map(({ delays, at }): [number, number, number] => [at, delays.quantile(low), delays.quantile(high)])
  drawLineChart(canvas, rightHalf(342, 198), {
    title: 'Delays by hour',
    note: `Minutes; hours with fewer than ${percent(1 / 500)} of the flights are left out`,
    areas: [
      { color: COLOR.bluePale, points: between(0.1, 0.9) },
      { color: COLOR.blueSoft, points: between(0.25, 0.75) },
    ],
    lines: [{ color: COLOR.blue, width: 1.6, smooth: true, points: busy.map(({ delays, at }) => [at, delays.quantile(0.5)]) }],
    domain: [busy[0]?.at ?? 0, Math.max(busy.at(-1)?.at ?? 23, (busy[0]?.at ?? 0) + 1)],
    ticks: busy.filter(({ hour }) => hour % 3 === 0).map(({ at, hour }) => ({ value: at, text: String(hour) })),
    axisTitle: 'Hour of departure',
    format: (value) => String(value).replace('-', '−'),
    legend: [
      { color: COLOR.bluePale, text: 'Middle 80%' },
      { color: COLOR.blueSoft, text: 'Middle 50%' },
      { color: COLOR.blue, text: 'Median' },
    ],
  })
}

const drawWeekdays = (canvas: Canvas, { week, flights, late }: FlightFigures) =>
  drawColumnChart(canvas, leftHalf(568, 198), {
    title: 'Late flights by weekday',
    note: `Share of flights ${LATE_FROM} minutes late or more; dashed: all flights, ${percent(share(late, flights))}`,
    columns: week.map((day, at) => ({ label: WEEKDAYS[at]?.slice(0, 3) ?? '', parts: [lateShare(together(day))] })),
    colors: [COLOR.orange],
    format: wholePercent,
    valueFormat: percent,
    reference: share(late, flights),
  })

const drawMonths = (canvas: Canvas, figures: FlightFigures) => {
  const periods = calendarPeriods(figures)
  drawColumnChart(canvas, rightHalf(568, 198), {
    title: `Late flights by ${periods.some(({ label }) => /\d/.test(label)) ? 'year' : 'month'}`,
    note: `Share of flights ${LATE_FROM} minutes late or more; dashed: all flights, ${percent(share(figures.late, figures.flights))}`,
    columns: periods.map(({ label, period }) => ({ label, parts: [lateShare(period)] })),
    colors: [COLOR.orange],
    format: wholePercent,
    valueFormat: periods.length > 8 ? wholePercent : percent,
    reference: share(figures.late, figures.flights),
  })
}
