import { styleText } from 'node:util'
import type { AuditResult } from './audit'

const WORDS = { passed: ['✓', 'green'], failed: ['✗', 'red'], skipped: ['–', 'yellow'] } as const

export interface ReportOptions {
  readonly color: boolean
  /** Most characters per line; longer texts are wrapped within their column. */
  readonly width: number
}

/** The results as an aligned table with a line of totals at the end. */
export function report(results: readonly AuditResult[], { color, width }: ReportOptions): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string) => (color ? styleText(style, text, { validateStream: false }) : text)
  const idWidth = Math.max(2, ...results.map(({ id }) => id.length))
  const indent = 2 + idWidth + 2 + 6 + 2
  const lines = results.flatMap(({ id, level, title, status, why }) => {
    const [mark, style] = WORDS[status]
    const [first = '', ...rest] = fold(title, width - indent)
    const head = `${paint(style, mark)} ${id.padEnd(idWidth)}  ${level.padEnd(6)}  ${first}`
    const reason = why === undefined ? [] : fold(why, width - indent).map((line) => paint(style, line))
    return [head, ...[...rest, ...reason].map((line) => `${' '.repeat(indent)}${line}`)]
  })
  return [...lines, '', summary(results)].join('\n')
}

/** The totals, in words. */
function summary(results: readonly AuditResult[]): string {
  const count = (wanted: AuditResult['status'], level?: AuditResult['level']) =>
    results.filter((result) => result.status === wanted && (level === undefined || result.level === level)).length
  const failed = count('failed') === 0 ? '0 failed' : `${count('failed')} failed (${count('failed', 'MUST')} MUST)`
  return `${count('passed')} passed, ${failed}, ${count('skipped')} skipped`
}

/** What a server sent is shown, and does nothing to the terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const BETWEEN = /[\s\u0000-\u001f\u007f-\u009f]+/

function fold(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(BETWEEN)) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= Math.max(20, width)) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
