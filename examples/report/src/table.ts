/** Some neighbouring rows: the cells from `start` up to `end` of each column, in the order in which the columns were asked for. */
export interface Batch {
  start: number
  end: number
  columns: ArrayLike<unknown>[]
}

/** A file's records, whatever format they came in. */
export interface Table {
  format: 'JSON' | 'CSV' | 'Parquet'
  columns: string[]
  rows: number
  /** Reads these columns of every row, at most `size` rows at a time. Calls `breathe` between pieces of work that take long. */
  batches(columns: readonly string[], size: number, breathe: () => Promise<void>): AsyncIterable<Batch>
}

/** A finite number, or NaN when the cell holds none. An empty cell holds none. */
export const toNumber = (cell: unknown): number => {
  if (typeof cell === 'bigint') return Number(cell)
  const value = typeof cell === 'number' ? cell : typeof cell === 'string' && cell.trim() !== '' ? Number(cell) : Number.NaN
  return Number.isFinite(value) ? value : Number.NaN
}

/** A trimmed text, or '' when the cell holds none. */
export const toText = (cell: unknown): string => (typeof cell === 'string' ? cell.trim() : '')

const DATE = /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T ](\d{1,2}):(\d{2}))?/
/** Aviation's own range. A mistyped year would stretch every axis that shows time. */
const EARLIEST = Date.UTC(1900, 0, 1)
const LATEST = Date.UTC(2200, 0, 1)

/**
 * Epoch milliseconds, or NaN when the cell holds no date. Records tell the wall clock of the place they are about: it's read as
 * if it were UTC, so that no time zone of the machine shifts an hour or a day.
 */
export const toTime = (cell: unknown): number => {
  const time = typeof cell === 'number' ? cell : parseDate(toText(cell))
  return time >= EARLIEST && time < LATEST ? time : Number.NaN
}

const parseDate = (text: string): number => {
  const [, year, month, day, hour = 0, minute = 0] = (DATE.exec(text) ?? []).map(Number)
  if (year === undefined || month === undefined || day === undefined) return Number.NaN
  return month >= 1 && month <= 12 && day >= 1 && day <= 31 ? Date.UTC(year, month - 1, day, hour || 0, minute || 0) : Number.NaN
}
