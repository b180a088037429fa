import type { ScaleLinear } from 'd3-scale'
import type { Canvas } from './canvas'
import { count } from './format'
import { COLOR, type Color, SIZE } from './theme'

/** A rectangle of a page. */
export interface Frame {
  x: number
  y: number
  width: number
  height: number
}

export interface ChartText {
  title: string
  /** What is measured, in which unit, and what is left out. */
  note: string
}

const HEAD_HEIGHT = 30

/** Writes a chart's title and note, returns what is left for the chart. */
export const chartHead = (canvas: Canvas, { x, y, width, height }: Frame, { title, note }: ChartText): Frame => {
  canvas.text(title, x, y + 8, { size: SIZE.chart, weight: 'semibold', color: COLOR.ink, maxWidth: width })
  canvas.text(note, x, y + 18.5, { size: SIZE.label, color: COLOR.muted, maxWidth: width })
  return { x, y: y + HEAD_HEIGHT, width, height: height - HEAD_HEIGHT }
}

/** Room for labels around a plot. */
export const inset = ({ x, y, width, height }: Frame, { left = 0, right = 0, top = 0, bottom = 0 }): Frame => ({
  x: x + left,
  y: y + top,
  width: width - left - right,
  height: height - top - bottom,
})

/** About so many round values. Axes that count things have no ticks between two things. */
export const axisOf = (scale: ScaleLinear<number, number>, ticks: number, format: (value: number) => string): ValueAxis => ({
  ticks: scale.ticks(ticks).filter((tick) => format !== count || Number.isInteger(tick)),
  format,
})

export interface ValueAxis {
  ticks: number[]
  format: (value: number) => string
}

/** How wide the labels of a vertical axis are, with the space to the plot. */
export const axisWidth = (canvas: Canvas, { ticks, format }: ValueAxis) =>
  Math.max(...ticks.map((tick) => canvas.textWidth(format(tick), { size: SIZE.label }))) + 6

/** Horizontal grid lines with their values at the left. */
export const drawValueAxis = (canvas: Canvas, plot: Frame, scale: ScaleLinear<number, number>, { ticks, format }: ValueAxis) => {
  for (const tick of ticks) {
    const y = scale(tick)
    canvas.line(plot.x, y, plot.x + plot.width, y, { stroke: tick === 0 ? COLOR.muted : COLOR.grid, width: 0.5 })
    canvas.text(format(tick), plot.x - 6, y + 2.4, { size: SIZE.label, color: COLOR.muted, align: 'right' })
  }
}

/** A label under a horizontal axis. It ends at `right`, where the plot does, instead of reaching into the margin. */
export const drawTickLabel = (canvas: Canvas, plot: Frame, x: number, text: string, right = plot.x + plot.width) => {
  const half = canvas.textWidth(text, { size: SIZE.label }) / 2
  const middle = Math.min(x, right - half)
  canvas.text(text, middle, plot.y + plot.height + 10, { size: SIZE.label, color: COLOR.muted, align: 'center' })
}

/** What a horizontal axis measures, centred under its labels. */
export const drawAxisTitle = (canvas: Canvas, plot: Frame, text: string) =>
  canvas.text(text, plot.x + plot.width / 2, plot.y + plot.height + 20.5, { size: SIZE.label, color: COLOR.muted, align: 'center' })

export interface LegendEntry {
  color: Color
  text: string
}

/** Coloured squares with their meaning in one line that ends at `right`. */
export const drawLegend = (canvas: Canvas, entries: LegendEntry[], right: number, baseline: number) => {
  let x = right
  for (const { color, text } of [...entries].reverse()) {
    x -= canvas.textWidth(text, { size: SIZE.label })
    canvas.text(text, x, baseline, { size: SIZE.label, color: COLOR.muted })
    x -= 9
    canvas.rect(x, baseline - 5.2, 6, 6, color)
    x -= 10
  }
}
