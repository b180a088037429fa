import { max } from 'd3-array'
import { scaleBand, scaleLinear } from 'd3-scale'
import type { Canvas } from './canvas'
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
import { COLOR, type Color, SIZE } from './theme'

export interface Column {
  label: string
  /** From the bottom up, one number for each colour. */
  parts: number[]
}

export interface ColumnChart extends ChartText {
  columns: Column[]
  colors: Color[]
  format: (value: number) => string
  axisTitle?: string
  legend?: LegendEntry[]
  /** Writes each column's height at it. Without it, or where there is no room for it, there is an axis with grid lines. */
  valueFormat?: (value: number) => string
  /** A dashed line across, such as an average. */
  reference?: number
}

const heightOf = ({ parts }: Column) => parts.reduce((sum, part) => sum + part, 0)

const fits = (canvas: Canvas, { width }: Frame, { columns, valueFormat }: ColumnChart) =>
  valueFormat && columns.every((column) => canvas.textWidth(valueFormat(heightOf(column)), VALUE) < (width / columns.length) * 0.9)

const VALUE = { size: SIZE.label, weight: 'semibold' } as const

/** Upright bars over categories in their own order, stacked when there are several colours. */
export const drawColumnChart = (canvas: Canvas, frame: Frame, chart: ColumnChart) => {
  const { columns, colors, format, axisTitle, legend, reference } = chart
  const valueFormat = fits(canvas, frame, chart) ? chart.valueFormat : undefined
  const body = chartHead(canvas, frame, chart)
  if (legend) drawLegend(canvas, legend, frame.x + frame.width, frame.y + 8)

  const top = Math.max(max(columns, heightOf) ?? 0, reference ?? 0) || 1
  const scale = scaleLinear([0, top], [0, 1]).nice(valueFormat ? 2 : 4)
  const axis = axisOf(scale, 4, format)
  const plot = inset(body, { left: valueFormat ? 0 : axisWidth(canvas, axis), top: valueFormat ? 9 : 4, bottom: axisTitle ? 24 : 14 })
  if (valueFormat) scale.domain([0, top])
  scale.range([plot.y + plot.height, plot.y])
  if (!valueFormat) drawValueAxis(canvas, plot, scale, axis)

  const padding = valueFormat && reference === undefined ? 0.42 : 0.26
  const band = scaleBand(columns.keys(), [plot.x, plot.x + plot.width])
    .paddingInner(padding)
    .paddingOuter(padding / 2)
  for (const [at, column] of columns.entries()) {
    const x = band(at) ?? 0
    let base = 0
    for (const [part, value] of column.parts.entries()) {
      canvas.rect(x, scale(base + value), band.bandwidth(), scale(base) - scale(base + value), colors[part] ?? COLOR.blue)
      base += value
    }
    if (valueFormat) {
      // At the foot of the column a dashed line across can't run through it.
      const inside = reference !== undefined && scale(0) - scale(base) > 20
      const [y, color] = inside ? [scale(0) - 6, COLOR.white] : [scale(base) - 4, COLOR.text]
      canvas.text(valueFormat(base), x + band.bandwidth() / 2, y, { ...VALUE, color, align: 'center' })
    }
  }
  canvas.line(plot.x, plot.y + plot.height, plot.x + plot.width, plot.y + plot.height, { stroke: COLOR.muted })

  const widest = max(columns, ({ label }) => canvas.textWidth(label, { size: SIZE.label })) ?? 0
  const every = Math.max(1, Math.ceil((widest + 4) / band.step()))
  for (const [at, { label }] of columns.entries()) {
    if (at % every === 0) drawTickLabel(canvas, plot, (band(at) ?? 0) + band.bandwidth() / 2, label)
  }
  if (axisTitle) drawAxisTitle(canvas, plot, axisTitle)
  if (reference !== undefined) {
    const y = scale(reference)
    canvas.line(plot.x, y, plot.x + plot.width, y, { stroke: COLOR.ink, width: 0.6, dash: [2, 2] })
  }
}
