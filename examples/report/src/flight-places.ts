import type { Canvas } from './canvas'
import { drawBarChart } from './bar-chart'
import { drawColumnChart } from './column-chart'
import { drawDotPlot } from './dot-plot'
import { DISTANCE_BAND, type FlightFigures, LATE_FROM, type Punctuality } from './flights'
import { count, percent, share, short, wholePercent } from './format'
import { drawHeading, leftHalf, rightHalf } from './layout'
import { byCount } from './ranking'
import { drawScatterPlot } from './scatter-plot'
import { COLOR } from './theme'

interface Airport extends Punctuality {
  code: string
}

const onTime = ({ flights, late }: Punctuality) => 1 - share(late, flights)

/** The page on airports and distances. */
export const drawFlightPlaces = (canvas: Canvas, figures: FlightFigures) => {
  const airports = [...figures.airports]
    .map(([code, { flights, late }]) => ({ code, flights, late }))
    .filter(({ flights }) => flights > 0)
    .sort(byCount(({ flights }) => flights, ({ code }) => code))
  const large = airports.slice(0, 60)
  const punctual = [...large].sort(byCount(onTime, ({ code }) => code))
  const [best, worst] = [punctual[0], punctual.at(-1)]
  const finding = best && worst && `Of the ${large.length} busiest airports, ${best.code} is the most punctual (${percent(onTime(best))}), ${worst.code} the least (${percent(onTime(worst))}).`
  drawHeading(canvas, 'Where flights are late', finding ?? '')
  drawBusiest(canvas, airports)
  drawPunctual(canvas, punctual, figures)
  drawDistances(canvas, figures)
  drawSizes(canvas, airports, figures)
}

const drawBusiest = (canvas: Canvas, airports: Airport[]) =>
  drawBarChart(canvas, leftHalf(114, 400), {
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
  const half = Math.min(12, Math.floor(punctual.length / 2))
  const toDot = (airport: Airport) => ({ label: airport.code, value: onTime(airport) })
  drawDotPlot(canvas, rightHalf(114, 400), {
    title: 'On-time share by origin',
    note: `The ${half} most and the ${half} least punctual of the ${punctual.length} busiest airports`,
    groups: [punctual.slice(0, half).map(toDot), punctual.slice(punctual.length - half).map(toDot)],
    reference: { value: 1 - share(late, flights), text: `All flights ${percent(1 - share(late, flights))}` },
    format: percent,
    tickFormat: wholePercent,
    labelWidth: 28,
  })
}

/** Bands with too few flights to tell a share are left out. */
const drawDistances = (canvas: Canvas, { distances, flights }: FlightFigures) => {
  const bands = distances.map((band, at) => ({ ...band, from: at * DISTANCE_BAND })).filter((band) => band.flights >= Math.max(1, flights / 2000))
  drawColumnChart(canvas, leftHalf(540, 216), {
    title: 'Late flights by distance',
    note: `Share of flights ${LATE_FROM} minutes late or more, in bands of ${DISTANCE_BAND} miles`,
    columns: bands.map((band) => ({ label: count(band.from), parts: [share(band.late, band.flights)] })),
    colors: [COLOR.orange],
    format: wholePercent,
    axisTitle: `Distance in miles, from … to ${DISTANCE_BAND} more`,
  })
}

const drawSizes = (canvas: Canvas, airports: Airport[], { flights }: FlightFigures) =>
  drawScatterPlot(canvas, rightHalf(540, 216), {
    title: 'Size and punctuality',
    note: 'Share of late flights; one dot for each airport',
    points: airports
      .filter((airport) => airport.flights >= Math.max(5, flights / 20_000))
      .map((airport) => ({ label: airport.code, x: airport.flights, y: share(airport.late, airport.flights) })),
    axisTitle: 'Departures (logarithmic)',
    xFormat: short,
    yFormat: wholePercent,
  })
