import { ticks } from 'd3-array'
import { drawBarChart } from './bar-chart'
import type { Canvas } from './canvas'
import { drawDotPlot } from './dot-plot'
import { type Airport, DISTANCE_BAND, type FlightFigures, LATE_FROM, type Punctuality } from './flights'
import { count, counted, percent, share, wholePercent } from './format'
import { drawHistogram } from './histogram'
import { CONTENT_TOP, drawHeading, leftHalf, rightHalf } from './layout'
import { byCount } from './ranking'
import { drawScatterPlot } from './scatter-plot'
import { COLOR } from './theme'

const onTime = ({ flights, late }: Punctuality) => 1 - share(late, flights)

/** The page on airports and distances. */
export const drawFlightPlaces = (canvas: Canvas, figures: FlightFigures) => {
  const airports = [...figures.airports.values()]
    .filter(({ flights }) => flights > 0)
    .sort(
      byCount(
        ({ flights }) => flights,
        ({ code }) => code,
      ),
    )
  const large = airports.slice(0, 60)
  const punctual = [...large].sort(byCount<Airport>(onTime, ({ code }) => code))
  const [best, worst] = [punctual[0], punctual.at(-1)]
  const say = (airport: Airport) => `${airport.code} (${percent(onTime(airport))})`
  const finding =
    best && worst ? `On time at the ${counted(large.length, 'busiest airport')}: most often ${say(best)}, least often ${say(worst)}.` : ''
  drawHeading(canvas, 'Where flights are late', finding)
  drawBusiest(canvas, airports)
  drawPunctual(canvas, punctual, figures)
  drawDistances(canvas, figures)
  drawSizes(canvas, airports, figures)
}

const drawBusiest = (canvas: Canvas, airports: Airport[]) =>
  drawBarChart(canvas, leftHalf(CONTENT_TOP, 400), {
    title: 'Busiest airports',
    note: 'Departures',
    bars: airports.slice(0, 24).map(({ code, flights, late }) => ({ label: code, parts: [flights - late, late], text: count(flights) })),
    colors: [COLOR.blue, COLOR.orange],
    labelWidth: 28,
    legend: [
      { color: COLOR.blue, text: 'On time' },
      { color: COLOR.orange, text: 'Late' },
    ],
  })

const drawPunctual = (canvas: Canvas, punctual: Airport[], { flights, late }: FlightFigures) => {
  const half = 12
  const few = punctual.length <= 2 * half
  const toDot = (airport: Airport) => ({ label: airport.code, value: onTime(airport) })
  drawDotPlot(canvas, rightHalf(CONTENT_TOP, 400), {
    title: 'On-time share by origin',
    note: few ? 'All airports' : `The ${half} most and the ${half} least punctual of the ${punctual.length} busiest airports`,
    groups: few ? [punctual.map(toDot)] : [punctual.slice(0, half).map(toDot), punctual.slice(-half).map(toDot)],
    reference: { value: 1 - share(late, flights), text: `All flights ${percent(1 - share(late, flights))}` },
    format: percent,
    tickFormat: wholePercent,
    labelWidth: 28,
  })
}

/** Bands with too few flights to tell a share are left out. */
const drawDistances = (canvas: Canvas, { distances, flights }: FlightFigures) => {
  const bands = distances
    .map((band, at) => ({ ...band, from: at * DISTANCE_BAND }))
    .filter((band) => band.flights >= Math.max(1, flights / 2000))
  const end = (bands.at(-1)?.from ?? 0) + DISTANCE_BAND
  drawHistogram(canvas, leftHalf(552, 214), {
    title: 'Late flights by distance',
    note: `Share of flights ${LATE_FROM} minutes late or more, in bands of ${DISTANCE_BAND} miles`,
    bins: bands.map(({ from, late, flights }) => ({ from, to: from + DISTANCE_BAND, count: share(late, flights), color: COLOR.orange })),
    ticks: ticks(0, end, 4),
    tickFormat: count,
    axisTitle: 'Distance in miles',
    format: wholePercent,
    marks: [],
  })
}

const drawSizes = (canvas: Canvas, airports: Airport[], { flights }: FlightFigures) => {
  const known = airports.filter((airport) => airport.flights >= Math.max(5, flights / 20_000))
  const punctual = [...known].sort(byCount<Airport>(onTime, ({ code }) => code))
  const named = new Set([...known.slice(0, 12), ...punctual.slice(0, 5), ...punctual.slice(-8)])
  drawScatterPlot(canvas, rightHalf(552, 214), {
    title: 'Size and punctuality',
    note: 'Share of late flights; one dot for each airport',
    points: known.map((airport) => ({
      label: named.has(airport) ? airport.code : '',
      x: airport.flights,
      y: share(airport.late, airport.flights),
    })),
    axisTitle: 'Departures (logarithmic)',
    xFormat: count,
    yFormat: wholePercent,
  })
}
