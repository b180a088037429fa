/** What importing costs when a process starts. */
import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { type Summary, summarize } from '../harness/statistics.ts'

export interface StartUp {
  /** CPU time of importing core, in milliseconds, beyond that of importing an empty module. */
  readonly coreMs: Summary
}

const TIMES = 15
const EMPTY = 'data:text/javascript,'
const CORE = pathToFileURL(
  createRequire(import.meta.url)
    .resolve('@respond-async/core')
    .replace(/\.cjs$/, '.js'),
).href

/** CPU of the main thread and its helpers between the two ends of one import, in a fresh process. */
function importMs(url: string): number {
  const script = `const before = process.cpuUsage()
    await import(${JSON.stringify(url)})
    const { user, system } = process.cpuUsage(before)
    console.log((user + system) / 1000)`
  return Number(execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' }))
}

export function measureStartUp(report: (line: string) => void): StartUp {
  const rounds = Array.from({ length: TIMES }, () => importMs(CORE) - importMs(EMPTY))
  const coreMs = summarize(rounds)
  report(`start-up: importing core takes ${coreMs.median.toFixed(2)} ms CPU`)
  return { coreMs }
}
