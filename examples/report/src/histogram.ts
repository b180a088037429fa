import { max } from 'd3-array'
import { scaleLinear } from 'd3-scale'
import type { Canvas } from './canvas'
import { axisOf, axisWidth, type ChartText, chartHead, drawAxisTitle, drawTickLabel, drawValueAxis, type Frame, inset } from './chart'
import { COLOR, type Color, SIZE } from './theme'

interface Bin {
  from: number
  to: number
  count: number
  color: Color
}

interface HistogramMark {
  value: number
  text: string
  /** 1 is the highest row of labels. */
  row: number
}

export interface Histogram extends ChartText {
  bins: Bin[]
  ticks: number[]
  tickFormat: (value: number) => string
  axisTitle: string
  format: (value: number) => string
  marks: HistogramMark[]
}

/** How often values of each range occurred. */
export const drawHistogram = (canvas: Canvas, frame: Frame, chart: Histogram) => {
  const { bins, ticks, tickFormat, axisTitle, format, marks } = chart
  const body = chartHead(canvas, frame, chart)
  const [first, last] = [bins[0], bins.at(-1)]
  if (!first || !last) return

  const y = scaleLinear([0, max(bins, ({ count }) => count) || 1], [0, 1]).nice(4)
  const axis = axisOf(y, 4, format)
  const plot = inset(body, { left: axisWidth(canvas, axis), top: 4, bottom: 24 })
  y.range([plot.y + plot.height, plot.y])
  const x = scaleLinear([first.from, last.to], [plot.x, plot.x + plot.width])
  drawValueAxis(canvas, plot, y, axis)

  for (const { from, to, count, color } of bins) {
    canvas.rect(x(from) + 0.4, y(count), x(to) - x(from) - 0.8, y(0) - y(count), color)
  }
  canvas.line(plot.x, plot.y + plot.height, plot.x + plot.width, plot.y + plot.height, { stroke: COLOR.muted })
  for (const tick of ticks) {
    canvas.line(x(tick), plot.y + plot.height, x(tick), plot.y + plot.height + 3, { stroke: COLOR.muted })
    drawTickLabel(canvas, plot, x(tick), tickFormat(tick))
  }
  drawAxisTitle(canvas, plot, axisTitle)
  for (const { value, text, row } of marks) {
    const label = plot.y + row * 11 - 4
    canvas.line(x(value), label - 6, x(value), plot.y + plot.height, { stroke: COLOR.ink, width: 0.6, dash: [2, 2] })
    canvas.text(text, x(value) + 4, label, { size: SIZE.label, color: COLOR.ink, weight: 'semibold' })
  }
}
