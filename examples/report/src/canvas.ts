import type { PDFOperator, PDFPage } from '@cantoo/pdf-lib'
import * as pdf from '@cantoo/pdf-lib'
import type { CanvasPath_D3Shape } from 'd3-shape'
import { COLOR, type Color, SIZE } from './theme'
import type { Typeface } from './typeface'

export type Weight = 'regular' | 'semibold'

interface TextStyle {
  size?: number
  weight?: Weight
  color?: Color
  align?: 'left' | 'center' | 'right'
  /** Cut with an ellipsis rather than wider than this. */
  maxWidth?: number
}

interface PathStyle {
  fill?: Color
  stroke?: Color
  width?: number
  dash?: number[]
}

/** Takes the commands of d3-shape's lines and areas. */
export type Pen = Pick<CanvasPath_D3Shape, 'moveTo' | 'lineTo' | 'bezierCurveTo' | 'closePath'>

/** One page to draw on. The origin is the top left corner, y grows downwards, the unit is the point. */
export interface Canvas {
  text(text: string, x: number, baseline: number, style?: TextStyle): void
  textWidth(text: string, style?: TextStyle): number
  rect(x: number, y: number, width: number, height: number, fill: Color): void
  line(x1: number, y1: number, x2: number, y2: number, style?: PathStyle): void
  circle(x: number, y: number, radius: number, style: PathStyle): void
  path(draw: (pen: Pen) => void, style: PathStyle): void
}

/** How far a circle's control points lie from its corners, as a share of the radius. */
const KAPPA = 0.5523

/**
 * Two decimals are a hundredth of a point and far below what a printer resolves. They also hide the last bits of logarithms and
 * powers, which differ from engine to engine: without this the same report would not be the same bytes everywhere.
 */
const round = (value: number) => Math.round(value * 100) / 100

export const createCanvas = (page: PDFPage, typefaces: Record<Weight, Typeface>): Canvas => {
  const height = page.getHeight()
  const names: Record<Weight, pdf.PDFName> = { regular: pdf.PDFName.of('F1'), semibold: pdf.PDFName.of('F2') }
  page.node.setFontDictionary(names.regular, typefaces.regular.ref)
  page.node.setFontDictionary(names.semibold, typefaces.semibold.ref)

  const push = (...operators: PDFOperator[]) => page.pushOperators(...operators)
  const x = (value: number) => round(value)
  const y = (value: number) => round(height - value)
  const rgb = (color: Color) => color.map((part) => round(part / 255)) as [number, number, number]

  const widthOf = (text: string, { size = SIZE.body, weight = 'regular' }: TextStyle) => typefaces[weight].width(text, size)

  const fit = (text: string, style: TextStyle) => {
    const { maxWidth = Number.POSITIVE_INFINITY } = style
    let fitting = text
    while (fitting.length > 1 && widthOf(fitting, style) > maxWidth) fitting = `${fitting.replace(/…$/, '').slice(0, -1).trimEnd()}…`
    return fitting
  }

  const paint = ({ fill, stroke, width = 0.75, dash = [] }: PathStyle, outline: PDFOperator[]) => {
    if (fill) push(pdf.setFillingRgbColor(...rgb(fill)))
    if (stroke) push(pdf.setStrokingRgbColor(...rgb(stroke)), pdf.setLineWidth(width), pdf.setDashPattern(dash, 0), pdf.setLineJoin(1))
    push(...outline, fill && stroke ? pdf.fillAndStroke() : fill ? pdf.fill() : pdf.stroke())
  }

  const path: Canvas['path'] = (draw, style) => {
    const outline: PDFOperator[] = []
    draw({
      moveTo: (px, py) => outline.push(pdf.moveTo(x(px), y(py))),
      lineTo: (px, py) => outline.push(pdf.lineTo(x(px), y(py))),
      bezierCurveTo: (ax, ay, bx, by, px, py) => outline.push(pdf.appendBezierCurve(x(ax), y(ay), x(bx), y(by), x(px), y(py))),
      closePath: () => outline.push(pdf.closePath()),
    })
    if (outline.length > 0) paint(style, outline)
  }

  return {
    path,
    textWidth: (text, style = {}) => widthOf(typefaces[style.weight ?? 'regular'].printable(text), style),
    text(text, px, baseline, style = {}) {
      const { size = SIZE.body, weight = 'regular', color = COLOR.text, align = 'left' } = style
      const shown = fit(typefaces[weight].printable(text), style)
      if (shown === '') return
      const shift = align === 'left' ? 0 : widthOf(shown, style) / (align === 'center' ? 2 : 1)
      push(
        pdf.beginText(),
        pdf.setFillingRgbColor(...rgb(color)),
        pdf.setFontAndSize(names[weight], size),
        pdf.moveText(x(px - shift), y(baseline)),
        pdf.showText(typefaces[weight].encode(shown)),
        pdf.endText(),
      )
    },
    rect(px, py, width, tall, fill) {
      if (width > 0 && tall > 0)
        push(pdf.setFillingRgbColor(...rgb(fill)), pdf.rectangle(x(px), y(py + tall), round(width), round(tall)), pdf.fill())
    },
    line(x1, y1, x2, y2, style = {}) {
      paint({ stroke: COLOR.rule, width: 0.5, ...style }, [pdf.moveTo(x(x1), y(y1)), pdf.lineTo(x(x2), y(y2))])
    },
    circle(cx, cy, radius, style) {
      const [r, k] = [radius, radius * KAPPA]
      path((pen) => {
        pen.moveTo(cx + r, cy)
        pen.bezierCurveTo(cx + r, cy + k, cx + k, cy + r, cx, cy + r)
        pen.bezierCurveTo(cx - k, cy + r, cx - r, cy + k, cx - r, cy)
        pen.bezierCurveTo(cx - r, cy - k, cx - k, cy - r, cx, cy - r)
        pen.bezierCurveTo(cx + k, cy - r, cx + r, cy - k, cx + r, cy)
        pen.closePath()
      }, style)
    },
  }
}
