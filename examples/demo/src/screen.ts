/** What is shown: lines that stay and, on a terminal, a moving bar below them. */
import { styleText } from 'node:util'
import logUpdate from 'log-update'

const BAR_WIDTH = 40
const live = process.stdout.isTTY === true

const strong = (text: string) => styleText('bold', text)
const quiet = (text: string) => styleText('dim', text)
const good = (text: string) => styleText('green', text)
const bad = (text: string) => styleText('red', text)
export const style = { strong, quiet, good, bad }

let shown = ''

/** A line that stays, above the bar. */
export function line(text = ''): void {
  if (!shown) return console.log(text)
  logUpdate.persist(text)
  logUpdate(shown)
}

export function bar(percent: number, message: string): void {
  if (!live) return
  const filled = Math.round((BAR_WIDTH * percent) / 100)
  const blocks = styleText('cyan', '█'.repeat(filled)) + quiet('░'.repeat(BAR_WIDTH - filled))
  shown = `\n   ${blocks} ${strong(`${Math.floor(percent)} %`.padStart(5))}  ${quiet(message)}`
  logUpdate(shown)
}

/** Removes the bar. */
export function clearBar(): void {
  if (!shown) return
  shown = ''
  logUpdate.clear()
  logUpdate.done()
}

export const size = (bytes: number) => (bytes < 1_000_000 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`)
export const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`

/** Columns as wide as their widest cell. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
