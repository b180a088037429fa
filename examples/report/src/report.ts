import { createBirdStrikeTally } from './bird-strikes'
import { createFlightTally } from './flights'
import { count } from './format'
import { recognise } from './kinds'
import { createPace, type PaceOptions } from './pace'
import { parse } from './parse'
import { renderPdf } from './render'
import { ReportError } from './report-error'
import { birdStrikePages, flightPages } from './report-pages'

export interface BuildReportOptions extends PaceOptions {}

export interface Report {
  bytes: Uint8Array<ArrayBuffer>
  contentType: string
  /** A name to save it under: plain ASCII, so that it fits a header. */
  fileName: string
  /** How many rows the input has, usable or not. */
  rows: number
}

/** Counting takes the most time, so it takes the most of the progress. */
const COUNTED = 92
const STEPS = 40

/**
 * Turns a file of flights or bird strikes into a PDF.
 *
 * The same file and name give the same bytes on every runtime.
 *
 * @throws {ReportError} When the file can't become a report. Its message says what is wrong and which columns are wanted.
 */
export const buildReport = async (file: Uint8Array | string, fileName: string, options: BuildReportOptions = {}): Promise<Report> => {
  const pace = createPace(options)
  await pace.report(0, 'reading the file')
  const table = await parse(file)
  const { kind, columns } = recognise(table.columns)
  const { tally, pages, title } = KINDS[kind]()

  let done = 0
  for await (const batch of table.batches(columns, Math.max(500, Math.ceil(table.rows / STEPS)), pace.breathe)) {
    tally.add(batch)
    done += batch.end - batch.start
    await pace.report((COUNTED * done) / table.rows, `${count(done)} of ${count(table.rows)} rows`)
  }
  if (tally.figures.skipped === table.rows) {
    throw new ReportError('no_usable_rows', `No row has usable values in ${columns.map((name) => `“${name}”`).join(', ')}.`)
  }

  const shownName = baseName(fileName)
  const bytes = await renderPdf(
    {
      title,
      pages: pages(),
      rows: table.rows,
      format: table.format,
      fileName: shownName,
      to: tally.figures.to,
      id: await fingerprint(file),
    },
    pace,
    COUNTED,
  )
  await pace.report(100, `${pages().length} pages`)
  return { bytes, contentType: 'application/pdf', fileName: reportName(shownName), rows: table.rows }
}

const KINDS = {
  flights: () => {
    const tally = createFlightTally()
    return { tally, pages: () => flightPages(tally.figures), title: 'Flights and their delays' }
  },
  'bird strikes': () => {
    const tally = createBirdStrikeTally()
    return { tally, pages: () => birdStrikePages(tally.figures), title: 'Birds and aircraft' }
  },
}

const fingerprint = async (file: Uint8Array | string) => {
  const bytes = typeof file === 'string' ? new TextEncoder().encode(file) : new Uint8Array(file)
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
}

/** Uploads may bring a whole path along. */
const baseName = (fileName: string) => fileName.replace(/^.*[\\/]/s, '').trim() || 'file'

const reportName = (fileName: string) => {
  const stem = fileName.replace(/\.[a-z0-9]{1,8}$/i, '').replace(/[^\w.-]+/g, '-')
  return `${stem.replace(/^[-.]+|[-.]+$/g, '') || 'file'}-report.pdf`
}
