import type { Table } from './table'

/** A table over records that are already in memory. */
export const rowsTable = (format: Table['format'], columns: string[], records: Record<string, unknown>[]): Table => ({
  format,
  columns,
  rows: records.length,
  async *batches(names, size) {
    for (let start = 0; start < records.length; start += size) {
      const slice = records.slice(start, start + size)
      yield { start: 0, end: slice.length, columns: names.map((name) => slice.map((record) => record[name])) }
    }
  },
})
