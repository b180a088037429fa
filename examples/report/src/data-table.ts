import type { Canvas } from './canvas'
import { type ChartText, chartHead, type Frame } from './chart'
import { COLOR, SIZE } from './theme'

interface TableColumn {
  title: string
  width: number
  align?: 'left' | 'right'
}

export interface DataTable extends ChartText {
  columns: TableColumn[]
  rows: string[][]
}

const ROW = 14.5
const PADDING = 5

/** How tall a table with this many rows is, title included. */
export const tableHeight = (rows: number) => 30 + ROW * (rows + 1)

/** Rows and columns of text. Widths are shares of the whole. */
export const drawDataTable = (canvas: Canvas, frame: Frame, table: DataTable) => {
  const { columns, rows } = table
  const body = chartHead(canvas, frame, table)
  const whole = columns.reduce((sum, { width }) => sum + width, 0)
  const drawRow = (cells: string[], top: number, head: boolean) => {
    let left = body.x
    for (const [at, { width, align = 'left' }] of columns.entries()) {
      const space = (width / whole) * body.width
      const x = align === 'left' ? left + PADDING : left + space - PADDING
      const color = head ? COLOR.ink : COLOR.text
      canvas.text(cells[at] ?? '', x, top + ROW - 4.8, {
        size: SIZE.label,
        weight: head ? 'semibold' : 'regular',
        color,
        align,
        maxWidth: space - PADDING,
      })
      left += space
    }
  }
  drawRow(
    columns.map(({ title }) => title),
    body.y - 2,
    true,
  )
  canvas.line(body.x, body.y + ROW - 2, body.x + body.width, body.y + ROW - 2, { stroke: COLOR.ink, width: 0.8 })
  for (const [at, row] of rows.entries()) {
    const top = body.y + ROW * (at + 1) - 2
    if (at % 2 === 1) canvas.rect(body.x, top, body.width, ROW, COLOR.panel)
    drawRow(row, top, false)
  }
  const end = body.y + ROW * (rows.length + 1) - 2
  canvas.line(body.x, end, body.x + body.width, end, { stroke: COLOR.rule })
}
