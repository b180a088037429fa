import { drawBarChart } from './bar-chart'
import type { BirdStrikeFigures, Damage } from './bird-strikes'
import type { Canvas } from './canvas'
import { drawColumnChart } from './column-chart'
import { count, percent, share, wholePercent } from './format'
import { drawHistogram } from './histogram'
import { CONTENT_TOP, drawHeading, leftHalf, rightHalf, wide } from './layout'
import { byCount } from './ranking'
import { COLOR } from './theme'

const ranked = (groups: Map<string, Damage>) =>
  [...groups].sort(
    byCount(
      ([, { strikes }]) => strikes,
      ([name]) => name,
    ),
  )

/** Groups in the order people expect, and whatever else the file names behind them. */
const ordered = (groups: Map<string, Damage>, order: string[]) => {
  const place = ([name]: [string, Damage]) => (order.includes(name) ? order.indexOf(name) : order.length)
  return ranked(groups)
    .slice(0, 8)
    .sort((a, b) => place(a) - place(b))
}

/** The page on flight phase, wildlife size, speed, time of day and cost. */
export const drawBirdStrikeCircumstances = (canvas: Canvas, figures: BirdStrikeFigures) => {
  const [top] = ranked(figures.phases)
  const finding = top
    ? `${percent(share(top[1].strikes, figures.strikes))} of the strikes happen in one phase of the flight: ${top[0].toLowerCase()}.`
    : ''
  drawHeading(canvas, 'How strikes happen', finding)
  drawPhases(canvas, figures)
  drawSizes(canvas, figures)
  drawSpeeds(canvas, figures)
  drawTimes(canvas, figures)
  drawCosts(canvas, figures)
}

const drawPhases = (canvas: Canvas, { phases }: BirdStrikeFigures) =>
  drawBarChart(canvas, leftHalf(CONTENT_TOP, 166), {
    title: 'Phase of flight',
    note: 'Strikes, and how many did damage',
    bars: ranked(phases)
      .slice(0, 8)
      .map(([label, { strikes, damaged }]) => ({ label, parts: [strikes - damaged, damaged], text: count(strikes) })),
    colors: [COLOR.blue, COLOR.orange],
    labelWidth: 62,
    legend: [
      { color: COLOR.blue, text: 'No damage' },
      { color: COLOR.orange, text: 'Damage' },
    ],
  })

const damageShare = ([label, { strikes, damaged }]: [string, Damage]) => ({ label, parts: [share(damaged, strikes)] })

const drawSizes = (canvas: Canvas, { sizes }: BirdStrikeFigures) =>
  drawColumnChart(canvas, rightHalf(CONTENT_TOP, 166), {
    title: 'Damage by size of the animal',
    note: 'Share of strikes that did damage',
    columns: ordered(sizes, ['Small', 'Medium', 'Large']).map(damageShare),
    colors: [COLOR.orange],
    format: wholePercent,
    valueFormat: percent,
  })

const drawSpeeds = (canvas: Canvas, { speeds, strikes }: BirdStrikeFigures) => {
  const width = 10
  const bins = Array.from({ length: 36 }, (_, at) => ({
    from: at * width,
    to: (at + 1) * width,
    count: speeds.between(at * width, (at + 1) * width),
    color: COLOR.blue,
  }))
  const faster = speeds.between(360, 601)
  drawHistogram(canvas, wide(320, 214), {
    title: 'Indicated airspeed',
    note: `Strikes per ${width} knots, where a speed is reported: ${percent(share(speeds.total, strikes))}.${faster > 0 ? ` Not drawn: ${count(faster)} at 360 knots or more.` : ''}`,
    bins,
    ticks: [0, 50, 100, 150, 200, 250, 300, 350],
    tickFormat: String,
    axisTitle: 'Knots',
    format: count,
    marks: speeds.total === 0 ? [] : [{ value: speeds.quantile(0.5), text: `Median ${count(speeds.quantile(0.5))} kn`, row: 1 }],
  })
}

const drawTimes = (canvas: Canvas, { timesOfDay }: BirdStrikeFigures) =>
  drawColumnChart(canvas, leftHalf(562, 204), {
    title: 'Time of day',
    note: 'Strikes',
    columns: ordered(timesOfDay, ['Dawn', 'Day', 'Dusk', 'Night']).map(([label, { strikes }]) => ({ label, parts: [strikes] })),
    colors: [COLOR.blue],
    format: count,
    valueFormat: count,
  })

const COSTS = ['$1+', '$10+', '$100+', '$1k+', '$10k+', '$100k+', '$1M+', '$10M+', '$100M+']

const drawCosts = (canvas: Canvas, { costs, costed }: BirdStrikeFigures) => {
  const used = costs.reduce((last, strikes, at) => (strikes > 0 ? at : last), 0)
  drawColumnChart(canvas, rightHalf(562, 204), {
    title: 'Cost of a strike',
    note: `The ${count(costed)} strikes with a reported cost`,
    columns: costs.slice(0, used + 1).map((strikes, at) => ({ label: COSTS[at] ?? '', parts: [strikes] })),
    colors: [COLOR.orange],
    format: count,
    valueFormat: count,
    axisTitle: 'Cost, up to the next step',
  })
}
