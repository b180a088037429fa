import { parseCsv } from './csv'
import { parseJson } from './json'
import { isParquet, parseParquet } from './parquet'
import { ReportError } from './report-error'
import type { Table } from './table'

/** Recognises the format by the content alone: names and media types of uploads can't be relied on. */
export const parse = async (file: Uint8Array | string): Promise<Table> => {
  if (typeof file !== 'string' && isParquet(file)) return parseParquet(file)
  const text = (typeof file === 'string' ? file : decode(file)).trimStart()
  if (text === '') throw new ReportError('empty_file', 'The file is empty.')
  return text.startsWith('[') || text.startsWith('{') ? parseJson(text) : parseCsv(text)
}

const decode = (bytes: Uint8Array): string => {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    if (!text.includes('\0')) return text
  } catch {
    // Falls through: bytes that are no UTF-8 are no text.
  }
  throw new ReportError('unreadable_file', 'The file is neither JSON, CSV nor Parquet: it’s not UTF-8 text.')
}
