import { createDocument } from './document'
import { counted } from './format'
import { drawFooter } from './layout'
import type { Pace } from './pace'
import type { DrawPage } from './report-pages'

export interface Rendering {
  title: string
  pages: DrawPage[]
  rows: number
  format: string
  fileName: string
  /** The last moment of the data. */
  to: number
  id: Uint8Array
}

/** Draws the pages, one a turn of the event loop. */
export const renderPdf = async ({ title, pages, rows, format, fileName, to, id }: Rendering, pace: Pace, from: number) => {
  const source = `${fileName}  ·  ${format}  ·  ${counted(rows, 'row')}`
  const document = await createDocument({ title, subject: source, createdAt: new Date(to), id })
  for (const [at, draw] of pages.entries()) {
    const canvas = document.addPage()
    draw(canvas)
    drawFooter(canvas, source, at + 1, pages.length)
    await pace.report(from + ((99 - from) * (at + 1)) / pages.length, `page ${at + 1} of ${pages.length}`)
  }
  return document.save()
}
