import type { Canvas } from './canvas'
import { type ChartText, chartHead, drawAxisTitle, drawTickLabel, type Frame, inset } from './chart'
import { COLOR, isDark, SIZE, scaleColor } from './theme'

export interface Heatmap extends ChartText {
  rows: string[]
  columns: string[]
  axisTitle?: string
  /** What the cell stands for, or undefined when there is nothing to tell. */
  value: (row: number, column: number) => number | undefined
  /** The value of the palest and of the darkest colour. */
  domain: [number, number]
  format: (value: number) => string
  /** Writes the value into each cell. */
  cellFormat?: (value: number) => string
}

const LEGEND_STEPS = 24

/** A grid of cells, the darker the more. */
export const drawHeatmap = (canvas: Canvas, frame: Frame, chart: Heatmap) => {
  const { rows, columns, axisTitle, value, domain, cellFormat } = chart
  const body = chartHead(canvas, frame, chart)
  drawScale(canvas, frame, chart)
  const left = Math.max(...rows.map((row) => canvas.textWidth(row, { size: SIZE.label }))) + 6
  const plot = inset(body, { left, bottom: axisTitle ? 24 : 14 })
  const [width, height] = [plot.width / columns.length, plot.height / rows.length]

  for (const [row, name] of rows.entries()) {
    const y = plot.y + row * height
    canvas.text(name, plot.x - 6, y + height / 2 + 2.4, { size: SIZE.label, color: COLOR.text, align: 'right' })
    for (const column of columns.keys()) {
      const cell = value(row, column)
      const color = cell === undefined ? COLOR.panel : scaleColor((cell - domain[0]) / (domain[1] - domain[0] || 1))
      canvas.rect(plot.x + column * width + 0.5, y + 0.5, width - 1, height - 1, color)
      if (cell === undefined || !cellFormat) continue
      const style = { size: 6, align: 'center', color: isDark(color) ? COLOR.white : COLOR.ink } as const
      canvas.text(cellFormat(cell), plot.x + (column + 0.5) * width, y + height / 2 + 2.1, style)
    }
  }
  for (const [column, name] of columns.entries()) drawTickLabel(canvas, plot, plot.x + (column + 0.5) * width, name)
  if (axisTitle) drawAxisTitle(canvas, plot, axisTitle)
}

/** The meaning of the colours, at the right of the title. */
const drawScale = (canvas: Canvas, { x, y, width }: Frame, { domain, format }: Heatmap) => {
  const [low, high] = domain.map(format) as [string, string]
  const bar = 72
  const right = x + width - canvas.textWidth(high, { size: SIZE.label })
  const start = right - 4 - bar
  canvas.text(high, right, y + 8, { size: SIZE.label, color: COLOR.muted })
  for (let step = 0; step < LEGEND_STEPS; step++) {
    // Cells overlap a little, or viewers would show hairlines between them.
    canvas.rect(
      start + (step * bar) / LEGEND_STEPS,
      y + 2,
      bar / LEGEND_STEPS + (step < LEGEND_STEPS - 1 ? 0.4 : 0),
      6.5,
      scaleColor((step + 0.5) / LEGEND_STEPS),
    )
  }
  canvas.text(low, start - 4, y + 8, { size: SIZE.label, color: COLOR.muted, align: 'right' })
}
