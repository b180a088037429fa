import type { Canvas } from './canvas'
import type { Frame } from './chart'
import { COLOR, COLUMN, CONTENT, PAGE, SIZE } from './theme'

const LEFT = PAGE.margin
const RIGHT = PAGE.margin + COLUMN + PAGE.gutter

/** Where the charts of a page begin that has a heading. */
export const CONTENT_TOP = 126

/** A frame over both columns. */
export const wide = (y: number, height: number): Frame => ({ x: LEFT, y, width: CONTENT, height })

export const leftHalf = (y: number, height: number): Frame => ({ x: LEFT, y, width: COLUMN, height })

export const rightHalf = (y: number, height: number): Frame => ({ x: RIGHT, y, width: COLUMN, height })

/** A big number with what it counts. */
export interface Figure {
  value: string
  label: string
  detail: string
}

/** The title page's head: kind of report, title, what it covers. */
export const drawTitle = (canvas: Canvas, { kind, title, covers }: { kind: string; title: string; covers: string }) => {
  canvas.rect(LEFT, PAGE.top, 28, 3, COLOR.orange)
  canvas.text(kind.toUpperCase(), LEFT, PAGE.top + 16, { size: SIZE.body, weight: 'semibold', color: COLOR.orange })
  canvas.text(title, LEFT, PAGE.top + 47, { size: SIZE.title, weight: 'semibold', color: COLOR.ink, maxWidth: CONTENT })
  canvas.text(covers, LEFT, PAGE.top + 66, { size: SIZE.lead, color: COLOR.muted, maxWidth: CONTENT })
}

/** A later page's head: what it's about and what it shows, in one sentence. */
export const drawHeading = (canvas: Canvas, heading: string, finding: string) => {
  canvas.rect(LEFT, PAGE.top, 28, 3, COLOR.orange)
  canvas.text(heading, LEFT, PAGE.top + 26, { size: SIZE.heading, weight: 'semibold', color: COLOR.ink, maxWidth: CONTENT })
  canvas.text(finding, LEFT, PAGE.top + 43, { size: SIZE.lead, color: COLOR.muted, maxWidth: CONTENT })
}

/** Figures side by side, with a rule above and below. */
export const drawFigures = (canvas: Canvas, y: number, figures: Figure[]) => {
  const height = 58
  canvas.line(LEFT, y, LEFT + CONTENT, y, { stroke: COLOR.ink, width: 0.8 })
  canvas.line(LEFT, y + height, LEFT + CONTENT, y + height, { stroke: COLOR.rule })
  const width = CONTENT / figures.length
  // One size for all of them: the longest decides.
  const size = Math.min(...figures.map(({ value }) => fitting(canvas, value, width - 14)))
  for (const [at, { value, label, detail }] of figures.entries()) {
    const x = LEFT + at * width + (at > 0 ? 9 : 0)
    const maxWidth = width - 14
    if (at > 0) canvas.line(x - 9, y + 10, x - 9, y + height - 10, { stroke: COLOR.rule })
    canvas.text(label, x, y + 16, { size: SIZE.label, color: COLOR.muted, maxWidth })
    canvas.text(value, x, y + 36, { size, weight: 'semibold', color: COLOR.ink, maxWidth })
    canvas.text(detail, x, y + 48, { size: SIZE.label, color: COLOR.muted, maxWidth })
  }
}

/** The size, in half points, at which a number is not cut. */
const fitting = (canvas: Canvas, text: string, width: number) =>
  Math.min(SIZE.figure, Math.floor((2 * SIZE.figure * width) / canvas.textWidth(text, { size: SIZE.figure, weight: 'semibold' })) / 2)

/** Small print: a heading and sentences, broken into lines. */
export const drawNotes = (canvas: Canvas, y: number, heading: string, sentences: string[]) => {
  canvas.text(heading, LEFT, y + 8, { size: SIZE.chart, weight: 'semibold', color: COLOR.ink })
  let baseline = y + 21
  for (const line of sentences.flatMap((sentence) => wrap(canvas, sentence, CONTENT))) {
    canvas.text(line, LEFT, baseline, { size: SIZE.body, color: COLOR.text })
    baseline += 11.5
  }
}

const wrap = (canvas: Canvas, text: string, width: number) => {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1) ?? ''} ${word}`.trimStart()
    if (lines.length > 0 && canvas.textWidth(longer) <= width) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines
}

export const drawFooter = (canvas: Canvas, source: string, page: number, pages: number) => {
  const baseline = PAGE.height - 30
  canvas.line(LEFT, baseline - 12, LEFT + CONTENT, baseline - 12, { stroke: COLOR.rule })
  canvas.text(source, LEFT, baseline, { size: SIZE.label, color: COLOR.muted, maxWidth: CONTENT - 60 })
  canvas.text(`${page} / ${pages}`, LEFT + CONTENT, baseline, { size: SIZE.label, color: COLOR.muted, align: 'right' })
}
