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

/** Ends the output: every failure once more, on a line that begins with `failed: `, and the closing line. */
export const close = ({ passed, failures, skipped }) => {
  for (const failure of failures) console.log(`failed: ${failure}`)
  console.log(`${passed} passed, ${failures.length} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
}
