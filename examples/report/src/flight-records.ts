import { shortDateTime } from './calendar'
import type { Canvas } from './canvas'
import { drawDataTable, tableHeight } from './data-table'
import { type FlightFigures, LATE_FROM } from './flights'
import { count, minutes, percent, share } from './format'
import { drawHeading, drawNotes, wide } from './layout'
import { byCount } from './ranking'

/** The page of tables, with the notes on how things were counted. */
export const drawFlightRecords = (canvas: Canvas, figures: FlightFigures) => {
  const { routes, longest, flights, skipped } = figures
  const busiest = [...routes.values()].sort(byCount((route) => route.flights, (route) => `${route.origin}${route.destination}`)).slice(0, 20)
  const covered = busiest.reduce((sum, route) => sum + route.flights, 0)
  drawHeading(canvas, 'Routes and records', `The ${busiest.length} busiest of ${count(routes.size)} routes carry ${percent(share(covered, flights))} of the flights.`)
  drawDataTable(canvas, wide(114, tableHeight(busiest.length)), {
    title: 'Busiest routes',
    note: 'One direction each',
    columns: [
      { title: '#', width: 4, align: 'right' },
      { title: 'From', width: 9 },
      { title: 'To', width: 9 },
      { title: 'Distance, miles', width: 14, align: 'right' },
      { title: 'Flights', width: 12, align: 'right' },
      { title: 'Share of all', width: 12, align: 'right' },
      { title: 'Mean delay, min', width: 15, align: 'right' },
      { title: 'On time', width: 11, align: 'right' },
    ],
    rows: busiest.map((route, at) => [
      String(at + 1),
      route.origin,
      route.destination,
      count(route.distance),
      count(route.flights),
      percent(share(route.flights, flights)),
      share(route.delaySum, route.flights).toFixed(1).replace('-', '−'),
      percent(1 - share(route.late, route.flights)),
    ]),
  })
  const second = 114 + tableHeight(busiest.length) + 22
  drawDataTable(canvas, wide(second, tableHeight(longest.length)), {
    title: 'Longest delays',
    note: 'Single flights',
    columns: [
      { title: '#', width: 4, align: 'right' },
      { title: 'Departure', width: 24 },
      { title: 'From', width: 9 },
      { title: 'To', width: 9 },
      { title: 'Distance, miles', width: 18, align: 'right' },
      { title: 'Delay', width: 22, align: 'right' },
    ],
    rows: longest.map((flight, at) => [
      String(at + 1),
      shortDateTime(flight.time),
      flight.origin,
      flight.destination,
      count(flight.distance),
      minutes(flight.delay),
    ]),
  })
  drawNotes(canvas, second + tableHeight(longest.length) + 22, 'How this was counted', [
    `A flight is late when its delay is ${LATE_FROM} minutes or more, the measure of the US Department of Transportation. A negative delay is an early flight. Hours, weekdays and months are those of the date column.`,
    skipped === 0 ? `All ${count(flights)} rows of the file were counted.` : `${count(flights)} rows were counted, ${count(skipped)} without usable values were left out.`,
  ])
}
