import { extent } from 'd3-array'
import { scaleLinear, scaleLog } from 'd3-scale'
import type { Canvas } from './canvas'
import { axisOf, axisWidth, type ChartText, chartHead, drawAxisTitle, drawTickLabel, drawValueAxis, type Frame, inset } from './chart'
import { COLOR } from './theme'

interface Point {
  label: string
  x: number
  y: number
}

export interface ScatterPlot extends ChartText {
  /** Labelled in this order where there is room. An empty label leaves just the dot. */
  points: Point[]
  axisTitle: string
  xFormat: (value: number) => string
  yFormat: (value: number) => string
}

const LABEL_HEIGHT = 8

const overlaps = (a: Frame, b: Frame) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height

/** Two measures of the same things against each other. The horizontal axis is logarithmic. */
export const drawScatterPlot = (canvas: Canvas, frame: Frame, chart: ScatterPlot) => {
  const { points, axisTitle, xFormat, yFormat } = chart
  const body = chartHead(canvas, frame, chart)
  const [left = 1, right = 10] = extent(points, ({ x }) => x)
  const y = scaleLinear([0, Math.max(...points.map((point) => point.y), 0.01)], [0, 1]).nice(5)
  const axis = axisOf(y, 5, yFormat)
  const plot = inset(body, { left: axisWidth(canvas, axis), top: 4, bottom: 24 })
  y.range([plot.y + plot.height, plot.y])
  const x = scaleLog([Math.max(1, left * 0.8), right * 1.5], [plot.x, plot.x + plot.width])
  drawValueAxis(canvas, plot, y, axis)
  for (const tick of [1, 10, 100, 1e3, 1e4, 1e5, 1e6].filter((tick) => tick >= left * 0.8 && tick <= right * 1.5)) {
    canvas.line(x(tick), plot.y + plot.height, x(tick), plot.y + plot.height + 3, { stroke: COLOR.muted })
    drawTickLabel(canvas, plot, x(tick), xFormat(tick))
  }
  drawAxisTitle(canvas, plot, axisTitle)

  const taken: Frame[] = []
  for (const point of points) {
    canvas.circle(x(point.x), y(point.y), 2, { fill: COLOR.blueSoft, stroke: COLOR.blue, width: 0.5 })
    taken.push({ x: x(point.x) - 2, y: y(point.y) - 2, width: 4, height: 4 })
  }
  for (const point of points.filter(({ label }) => label !== '')) {
    const style = { size: 6, color: COLOR.ink, weight: 'semibold' } as const
    const width = canvas.textWidth(point.label, style)
    const [px, py] = [x(point.x), y(point.y)]
    const room = [
      { x: px + 3.5, y: py - LABEL_HEIGHT / 2 },
      { x: px - 3.5 - width, y: py - LABEL_HEIGHT / 2 },
      { x: px - width / 2, y: py - 4 - LABEL_HEIGHT },
      { x: px - width / 2, y: py + 4 },
    ]
      .map((corner) => ({ ...corner, width, height: LABEL_HEIGHT }))
      .find((box) => box.x >= plot.x && box.x + width <= plot.x + plot.width && !taken.some((other) => overlaps(box, other)))
    if (!room) continue
    taken.push(room)
    canvas.text(point.label, room.x, room.y + 6.2, style)
  }
}
