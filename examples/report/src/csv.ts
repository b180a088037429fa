import Papa from 'papaparse'
import { ReportError } from './report-error'
import { rowsTable } from './rows'

/** Reads CSV with a header line. Commas, semicolons and tabs are recognised. */
export const parseCsv = (text: string) => {
  const { data, errors, meta } = Papa.parse<Record<string, unknown>>(text, { header: true, skipEmptyLines: 'greedy' })
  const columns = meta.fields ?? []
  if (columns.length < 2) throw new ReportError('unreadable_file', 'The file is neither JSON, CSV nor Parquet.')
  const quotes = errors.find((error) => error.type === 'Quotes')
  if (quotes)
    throw new ReportError('unreadable_file', `The CSV is damaged or cut off: a quotation mark is out of place${place(quotes.row)}.`)
  if (data.length === 0) throw new ReportError('empty_file', 'The CSV has a header line but no rows.')
  return rowsTable('CSV', columns, data)
}

const place = (row: number | undefined) => (row === undefined ? '' : ` in line ${row + 1}`)
