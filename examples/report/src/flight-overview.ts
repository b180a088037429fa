import { DAY_MS, dateRange, dayOf, longDate } from './calendar'
import type { Canvas } from './canvas'
import { dayTicks, movingShare, timeline } from './flight-periods'
import { type FlightFigures, LATE_FROM } from './flights'
import { count, counted, minutes, percent, share, wholePercent } from './format'
import { drawHistogram } from './histogram'
import { drawFigures, drawTitle, wide } from './layout'
import { drawLineChart } from './line-chart'
import { COLOR } from './theme'

/** The report's first page: the whole in numbers, how delays are spread, and their course over time. */
export const drawFlightOverview = (canvas: Canvas, figures: FlightFigures) => {
  const { flights, late, early, delays, airports, from, to } = figures
  const routes = [...airports.values()].reduce((sum, airport) => sum + airport.routes.size, 0)
  drawTitle(canvas, {
    kind: 'Flight report',
    title: 'Flights and their delays',
    covers: `${dateRange(from, to)}  ·  ${counted(flights, 'flight')}  ·  ${counted(airports.size, 'airport')}  ·  ${counted(routes, 'route')}`,
  })
  const longest = figures.longest[0]
  drawFigures(canvas, 138, [
    { value: count(flights), label: 'Flights', detail: counted(figures.days.size, 'day') },
    { value: percent(1 - share(late, flights)), label: 'On time', detail: `less than ${LATE_FROM} min late` },
    { value: percent(share(early, flights)), label: 'Early', detail: 'before schedule' },
    { value: minutes(delays.quantile(0.5)), label: 'Median delay', detail: 'half arrive earlier' },
    { value: minutes(delays.quantile(0.9)), label: '90th percentile', detail: 'one in ten is worse' },
    { value: minutes(longest?.delay ?? 0), label: 'Longest delay', detail: longest ? `${longest.origin} to ${longest.destination}` : '' },
  ])
  drawSpread(canvas, figures)
  drawCourse(canvas, figures)
}

const BIN = 5
const FIRST = -60
const LAST = 180

const drawSpread = (canvas: Canvas, { delays, flights, late }: FlightFigures) => {
  const bins = Array.from({ length: (LAST - FIRST) / BIN }, (_, at) => {
    const start = FIRST + at * BIN
    return {
      from: start,
      to: start + BIN,
      count: delays.between(start, start + BIN),
      color: start >= LATE_FROM ? COLOR.orange : COLOR.blue,
    }
  })
  const [below, above] = [delays.between(-1440, FIRST), delays.between(LAST, 2881)]
  drawHistogram(canvas, wide(224, 260), {
    title: 'How delays are spread',
    note: `Flights per ${BIN} minutes of delay. Not drawn: more than 1 h early (${percent(share(below, flights))}), 3 h late or more (${percent(share(above, flights))}).`,
    bins,
    ticks: [-60, -30, 0, 30, 60, 90, 120, 150, 180],
    tickFormat: (value) => String(value).replace('-', '−'),
    axisTitle: 'Delay in minutes',
    format: count,
    marks: [{ value: LATE_FROM, text: `${LATE_FROM} minutes or more: ${percent(share(late, flights))} late`, row: 2 }],
  })
}

const drawCourse = (canvas: Canvas, figures: FlightFigures) => {
  const { unit, periods } = timeline(figures)
  const domain: [number, number] = [dayOf(figures.from), Math.max(dayOf(figures.to), dayOf(figures.from) + 1)]
  const worst = periods.reduce((a, b) => (share(b.late, b.flights) > share(a.late, a.flights) ? b : a), { at: 0, flights: 0, late: 0 })
  drawLineChart(canvas, wide(512, 254), {
    title: `Late flights from ${unit} to ${unit}`,
    note: `Share of flights that are ${LATE_FROM} minutes late or more. Worst: ${longDate(worst.at * DAY_MS)}, ${percent(share(worst.late, worst.flights))}.`,
    areas: [{ color: COLOR.orangeSoft, points: periods.map(({ at, late, flights }) => [at, 0, share(late, flights)]) }],
    lines: [{ color: COLOR.orange, width: 1.4, points: movingShare(periods), smooth: true }],
    domain,
    ticks: dayTicks(...domain),
    format: wholePercent,
    legend: [
      { color: COLOR.orangeSoft, text: `Each ${unit}` },
      { color: COLOR.orange, text: 'Mean of seven' },
    ],
  })
}
