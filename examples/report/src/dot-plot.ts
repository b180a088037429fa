import { extent } from 'd3-array'
import { scaleLinear } from 'd3-scale'
import type { Canvas } from './canvas'
import { type ChartText, chartHead, drawTickLabel, type Frame, inset } from './chart'
import { COLOR, SIZE } from './theme'

interface Dot {
  label: string
  value: number
}

export interface DotPlot extends ChartText {
  /** Groups of dots with a gap between them, such as the best and the worst. */
  groups: Dot[][]
  reference: { value: number; text: string }
  format: (value: number) => string
  tickFormat: (value: number) => string
  labelWidth: number
}

const GAP = 10

/** Values as dots on a common scale that needs no zero, each tied to a reference. */
export const drawDotPlot = (canvas: Canvas, frame: Frame, chart: DotPlot) => {
  const { groups, reference, format, tickFormat, labelWidth } = chart
  const body = chartHead(canvas, frame, chart)
  const plot = inset(body, { left: labelWidth, right: 28, top: 8, bottom: 14 })
  const dots = groups.flat()
  const [low = 0, high = 1] = extent([...dots.map(({ value }) => value), reference.value])
  const x = scaleLinear([low, high], [plot.x + 6, plot.x + plot.width]).nice(4)
  for (const tick of x.ticks(4)) {
    canvas.line(x(tick), plot.y, x(tick), plot.y + plot.height, { stroke: COLOR.grid })
    drawTickLabel(canvas, plot, x(tick), tickFormat(tick), body.x + body.width)
  }
  const mark = x(reference.value)
  canvas.line(mark, plot.y, mark, plot.y + plot.height, { stroke: COLOR.ink, width: 0.6, dash: [2, 2] })
  canvas.text(reference.text, mark, plot.y - 3, { size: SIZE.label, weight: 'semibold', color: COLOR.ink, align: 'center' })

  const step = Math.min(24, (plot.height - GAP * (groups.length - 1)) / Math.max(1, dots.length))
  let y = plot.y
  for (const group of groups) {
    for (const { label, value } of group) {
      const middle = y + step / 2
      const color = value < reference.value ? COLOR.orange : COLOR.blue
      canvas.text(label, body.x + labelWidth - 6, middle + 2.4, {
        size: SIZE.label,
        color: COLOR.text,
        align: 'right',
        maxWidth: labelWidth - 6,
      })
      canvas.line(mark, middle, x(value), middle, { stroke: value < reference.value ? COLOR.orangeSoft : COLOR.blueSoft, width: 1.2 })
      canvas.circle(x(value), middle, 2.6, { fill: color })
      canvas.text(format(value), body.x + body.width, middle + 2.4, { size: SIZE.label, color: COLOR.muted, align: 'right' })
      y += step
    }
    y += GAP
  }
}
