import { max, min } from 'd3-array'
import { scaleLinear } from 'd3-scale'
import { area, curveLinear, curveMonotoneX, line } from 'd3-shape'
import type { Canvas, Pen } from './canvas'
import {
  axisOf,
  axisWidth,
  type ChartText,
  chartHead,
  drawAxisTitle,
  drawLegend,
  drawTickLabel,
  drawValueAxis,
  type Frame,
  inset,
  type LegendEntry,
} from './chart'
import { COLOR, type Color } from './theme'

interface Line {
  color: Color
  width: number
  points: [x: number, y: number][]
  smooth?: boolean
}

interface Area {
  color: Color
  points: [x: number, low: number, high: number][]
}

export interface LineChart extends ChartText {
  areas: Area[]
  lines: Line[]
  /** Where the horizontal axis begins and ends. */
  domain: [number, number]
  ticks: { value: number; text: string }[]
  axisTitle?: string
  format: (value: number) => string
  legend?: LegendEntry[]
}

/** d3-shape asks for a whole canvas context but only calls the few methods of {@link Pen}. */
const asContext = (pen: Pen) => pen as CanvasRenderingContext2D

/** Lines and areas over a continuous axis. */
export const drawLineChart = (canvas: Canvas, frame: Frame, chart: LineChart) => {
  const { areas, lines, domain, ticks, axisTitle, format, legend } = chart
  const body = chartHead(canvas, frame, chart)
  if (legend) drawLegend(canvas, legend, frame.x + frame.width, frame.y + 8)

  const values = [
    ...lines.flatMap(({ points }) => points.map(([, y]) => y)),
    ...areas.flatMap(({ points }) => points.flatMap(([, low, high]) => [low, high])),
  ]
  const y = scaleLinear([Math.min(0, min(values) ?? 0), max(values) || 1], [0, 1]).nice(5)
  const axis = axisOf(y, 5, format)
  const plot = inset(body, { left: axisWidth(canvas, axis), top: 4, bottom: axisTitle ? 24 : 14 })
  y.range([plot.y + plot.height, plot.y])
  const x = scaleLinear(domain, [plot.x, plot.x + plot.width])

  for (const { color, points } of areas) {
    const shape = area<[number, number, number]>(
      ([at]) => x(at),
      ([, low]) => y(low),
      ([, , high]) => y(high),
    ).curve(curveMonotoneX)
    canvas.path((pen) => shape.context(asContext(pen))(points), { fill: color })
  }
  drawValueAxis(canvas, plot, y, axis)
  for (const { color, width, points, smooth } of lines) {
    const shape = line<[number, number]>(
      ([at]) => x(at),
      ([, value]) => y(value),
    ).curve(smooth ? curveMonotoneX : curveLinear)
    canvas.path((pen) => shape.context(asContext(pen))(points), { stroke: color, width })
    // A line of one point would not be seen.
    if (points.length === 1) for (const [at, value] of points) canvas.circle(x(at), y(value), 2, { fill: color })
  }
  for (const { value, text } of ticks) {
    canvas.line(x(value), plot.y + plot.height, x(value), plot.y + plot.height + 3, { stroke: COLOR.muted })
    drawTickLabel(canvas, plot, x(value), text)
  }
  if (axisTitle) drawAxisTitle(canvas, plot, axisTitle)
}
