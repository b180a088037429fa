import { ReportError } from './report-error'
import { rowsTable } from './rows'

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Reads a JSON array of records. */
export const parseJson = (text: string) => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new ReportError('unreadable_file', 'The JSON is damaged or cut off: it can’t be parsed to its end.', { cause })
  }
  if (!Array.isArray(value)) throw new ReportError('unreadable_file', 'The JSON must be an array of records, one object for each row.')
  const first: unknown = value[0]
  if (first === undefined) throw new ReportError('empty_file', 'The JSON array holds no records.')
  // Only the first record decides about the columns. Whatever else the array holds is a row without usable values.
  if (!isRecord(first)) throw new ReportError('unreadable_file', 'The JSON must be an array of records, one object for each row.')
  return rowsTable(
    'JSON',
    Object.keys(first),
    value.map((item) => (isRecord(item) ? item : {})),
  )
}
