/** Pieces of Markdown that both reports are made of. */
import { errorOf, type Summary } from './harness/statistics.ts'

export type Row = readonly (string | number)[]
export const table = (head: Row, rows: readonly Row[]): string =>
  [head, head.map((_, column) => (column === 0 ? '---' : '---:')), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')

export const number = (value: number) => (value >= 100 ? Math.round(value).toString() : value >= 10 ? value.toFixed(1) : value.toFixed(2))
export const withSpread = ({ median, mad }: Summary) => `${number(median)} ± ${number(mad)}`
export const withError = (summary: Summary) => `${number(summary.median)} ± ${number(errorOf(summary))}`
