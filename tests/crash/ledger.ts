import { appendFileSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JobHandle } from '@respond-async/core'

/** What a handler writes before and after its work, so that a test knows what really ran, whatever the API says. */
export interface Line {
  readonly event: 'start' | 'end' | 'abort'
  readonly id: string
  /** What the client called the job, in its body. */
  readonly key: string
  readonly attempt: number
  readonly pid: number
  /** Epoch milliseconds, by the clock of the machine. */
  readonly at: number
}

/** Appends to the process's own file. What it has written stays when the process is killed. */
export function note(dir: string, { id, attempt }: Pick<JobHandle, 'id' | 'attempt'>, key: string, event: Line['event']): void {
  const line: Line = { event, id, key, attempt, pid: process.pid, at: Date.now() }
  appendFileSync(join(dir, `${process.pid}.ledger`), `${JSON.stringify(line)}\n`)
}

/** All lines of all processes, in the order of their times. One that is cut off, being written or by a SIGKILL, is none yet. */
export function linesIn(dir: string): Line[] {
  const files = readdirSync(dir).filter((name) => name.endsWith('.ledger'))
  const lines = files.flatMap((name) => readFileSync(join(dir, name), 'utf8').split('\n').slice(0, -1))
  return lines.map((line): Line => JSON.parse(line)).sort((a, b) => a.at - b.at)
}
