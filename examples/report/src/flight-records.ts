import { shortDateTime } from './calendar'
import type { Canvas } from './canvas'
import { drawDataTable, tableHeight } from './data-table'
import { type FlightFigures, LATE_FROM } from './flights'
import { count, counted, minutes, percent, share } from './format'
import { CONTENT_TOP, drawHeading, drawNotes, wide } from './layout'
import { byCount } from './ranking'

/** The page of tables, with the notes on how things were counted. */
export const drawFlightRecords = (canvas: Canvas, figures: FlightFigures) => {
  const { longest, flights, skipped } = figures
  const routes = [...figures.airports.values()].flatMap((airport) => [...airport.routes.values()])
  const busiest = [...routes]
    .sort(
      byCount(
        (route) => route.flights,
        (route) => `${route.origin}${route.destination}`,
      ),
    )
    .slice(0, 20)
  const covered = busiest.reduce((sum, route) => sum + route.flights, 0)
  drawHeading(
    canvas,
    'Routes and records',
    `${percent(share(covered, flights))} of the flights are on the ${busiest.length} busiest of ${counted(routes.length, 'route')}.`,
  )
  drawDataTable(canvas, wide(CONTENT_TOP, tableHeight(busiest.length)), {
    title: 'Busiest routes',
    note: 'One direction each',
    columns: [
      { title: '#', width: 4, align: 'right' },
      { title: 'From', width: 9 },
      { title: 'To', width: 9 },
      { title: 'Distance, miles', width: 14, align: 'right' },
      { title: 'Flights', width: 12, align: 'right' },
      { title: 'Late', width: 12, align: 'right' },
      { title: 'Mean delay, min', width: 15, align: 'right' },
      { title: 'On time', width: 11, align: 'right' },
    ],
    rows: busiest.map((route, at) => [
      String(at + 1),
      route.origin,
      route.destination,
      count(route.distance),
      count(route.flights),
      count(route.late),
      share(route.delaySum, route.flights).toFixed(1).replace('-', '−'),
      percent(1 - share(route.late, route.flights)),
    ]),
  })
  const second = CONTENT_TOP + tableHeight(busiest.length) + 22
  drawDataTable(canvas, wide(second, tableHeight(longest.length)), {
    title: 'Longest delays',
    note: 'Single flights, as the file tells them',
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
    skipped === 0
      ? `Every row of the file was counted: ${count(flights)}.`
      : `${counted(flights, 'row')} counted, ${count(skipped)} without usable values left out.`,
  ])
}
