import { max } from 'd3-array'
import { scaleLinear } from 'd3-scale'
import type { Canvas } from './canvas'
import { type ChartText, chartHead, drawLegend, type Frame, type LegendEntry } from './chart'
import { COLOR, type Color, SIZE } from './theme'

interface Bar {
  label: string
  /** From left to right, one number for each colour. */
  parts: number[]
  /** Written behind the bar. */
  text: string
}

export interface BarChart extends ChartText {
  bars: Bar[]
  colors: Color[]
  labelWidth: number
  legend?: LegendEntry[]
}

const MAX_STEP = 17

/** Lying bars, one a line, for categories with long names. */
export const drawBarChart = (canvas: Canvas, frame: Frame, chart: BarChart) => {
  const { bars, colors, labelWidth, legend } = chart
  const body = chartHead(canvas, frame, chart)
  if (legend) drawLegend(canvas, legend, frame.x + frame.width, frame.y + 8)

  const step = Math.min(MAX_STEP, body.height / Math.max(1, bars.length))
  const textWidth = (max(bars, ({ text }) => canvas.textWidth(text, { size: SIZE.label })) ?? 0) + 5
  const longest = max(bars, ({ parts }) => parts.reduce((sum, part) => sum + part, 0)) || 1
  const scale = scaleLinear([0, longest], [0, body.width - labelWidth - textWidth])
  const thickness = Math.min(step * 0.66, 11)

  for (const [at, { label, parts, text }] of bars.entries()) {
    const top = body.y + at * step + (step - thickness) / 2
    const baseline = top + thickness / 2 + 2.5
    canvas.text(label, body.x + labelWidth - 6, baseline, { size: SIZE.label, color: COLOR.text, align: 'right', maxWidth: labelWidth - 6 })
    let x = body.x + labelWidth
    for (const [part, value] of parts.entries()) {
      canvas.rect(x, top, scale(value), thickness, colors[part] ?? COLOR.blue)
      x += scale(value)
    }
    canvas.text(text, x + 4, baseline, { size: SIZE.label, color: COLOR.muted })
  }
  canvas.line(body.x + labelWidth, body.y, body.x + labelWidth, body.y + step * bars.length, { stroke: COLOR.muted })
}
