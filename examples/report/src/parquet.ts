import { decompress } from 'fzstd'
import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetRead } from 'hyparquet'
import { ReportError } from './report-error'
import type { Batch, Table } from './table'

const compressors = { ZSTD: (input: Uint8Array, length: number) => decompress(input, new Uint8Array(length)) }

/** Times become epoch milliseconds at once: millions of Date objects would cost more than all the rest of the reading. */
const parsers = {
  timestampFromMilliseconds: (value: bigint) => Number(value),
  timestampFromMicroseconds: (value: bigint) => Number(value) / 1e3,
  timestampFromNanoseconds: (value: bigint) => Number(value) / 1e6,
  dateFromDays: (days: number) => days * 86_400_000,
}

const MAGIC = 'PAR1'

export const isParquet = (bytes: Uint8Array) => [...MAGIC].every((letter, at) => bytes[at] === letter.charCodeAt(0))

/** Reads Parquet row group by row group and column by column: only one row group is ever unpacked. */
export const parseParquet = async (bytes: Uint8Array): Promise<Table> => {
  const file: AsyncBuffer = { byteLength: bytes.byteLength, slice: (start, end) => new Uint8Array(bytes.subarray(start, end)).buffer }
  const metadata = await readMetadata(file)
  const groups = metadata.row_groups.map((group) => Number(group.num_rows))
  const rows = groups.reduce((sum, count) => sum + count, 0)
  if (rows === 0) throw new ReportError('empty_file', 'The Parquet file holds no rows.')
  return {
    format: 'Parquet',
    columns: metadata.row_groups[0]?.columns.flatMap(({ meta_data }) => meta_data?.path_in_schema[0] ?? []) ?? [],
    rows,
    async *batches(columns, size, breathe) {
      let rowStart = 0
      for (const count of groups) {
        const rowEnd = rowStart + count
        const cells: ArrayLike<unknown>[] = []
        for (const name of columns) {
          await breathe()
          cells.push(await readColumn({ file, metadata, name, rowStart, rowEnd }))
        }
        yield* split(cells, count, size)
        rowStart = rowEnd
      }
    },
  }
}

const readMetadata = async (file: AsyncBuffer): Promise<FileMetaData> => {
  try {
    return await parquetMetadataAsync(file)
  } catch (cause) {
    throw new ReportError('unreadable_file', 'The Parquet file is damaged or cut off: its footer can’t be read.', { cause })
  }
}

interface ColumnRange {
  file: AsyncBuffer
  metadata: FileMetaData
  name: string
  rowStart: number
  rowEnd: number
}

const readColumn = async ({ name, rowStart, rowEnd, ...source }: ColumnRange): Promise<ArrayLike<unknown>> => {
  const chunks: { start: number; cells: ArrayLike<unknown> }[] = []
  try {
    await parquetRead({
      ...source,
      columns: [name],
      rowStart,
      rowEnd,
      compressors,
      parsers,
      onChunk: (chunk) => chunks.push({ start: chunk.rowStart - rowStart, cells: chunk.columnData }),
    })
    const [whole] = chunks
    if (whole?.cells.length === rowEnd - rowStart) return whole.cells
    const column: unknown[] = new Array(rowEnd - rowStart)
    for (const { start, cells } of chunks) for (let at = 0; at < cells.length; at++) column[start + at] = cells[at]
    return column
  } catch (cause) {
    throw new ReportError('unreadable_file', `The Parquet file is damaged: its column “${name}” can’t be read.`, { cause })
  }
}

function* split(columns: ArrayLike<unknown>[], rows: number, size: number): Generator<Batch> {
  for (let start = 0; start < rows; start += size) {
    yield { start, end: Math.min(rows, start + size), columns }
  }
}
