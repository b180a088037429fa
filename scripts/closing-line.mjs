/** The counts that the closing line of `npm test` and `npm run check` is made of, handed from process to process as a file. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'

const file = new URL('../node_modules/.cache/respond-async/summary.json', import.meta.url)

export const forgetSummary = () => rmSync(file, { force: true })

export const writeSummary = (summary) => {
  mkdirSync(new URL('.', file), { recursive: true })
  writeFileSync(file, JSON.stringify(summary))
}

export const readSummary = () => {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined // nothing was counted; the caller decides what that means
  }
}

export const closingLine = ({ passed, failed, skipped }) => `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
