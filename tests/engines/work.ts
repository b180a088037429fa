import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { JobHandle, JobStore, JobsOptions } from '@respond-async/core'

/** What handlers of all processes note, so that a test knows what really ran, whatever the API says. */
export interface Note {
  readonly id: string
  readonly attempt: number
  readonly pid: number
  readonly event: 'start' | 'abort' | 'end'
  readonly at: number
}

const DIR = process.env.DIR ?? ''

export function note({ id, attempt }: JobHandle, event: Note['event']): void {
  appendFileSync(join(DIR, 'ledger'), `${JSON.stringify({ id, attempt, pid: process.pid, event, at: Date.now() })}\n`)
}

export const notesIn = (dir: string): Note[] =>
  existsSync(join(dir, 'ledger'))
    ? readFileSync(join(dir, 'ledger'), 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    : []

/** Work that takes until the gate of this name is open, or until its signal says stop. */
export async function passGate(job: JobHandle, gate: string): Promise<{ gate: string; attempt: number; pid: number }> {
  note(job, 'start')
  while (!existsSync(join(DIR, gate))) {
    if (job.signal.aborted) {
      note(job, 'abort')
      throw job.signal.reason
    }
    await setTimeout(10)
  }
  note(job, 'end')
  return { gate, attempt: job.attempt, pid: process.pid }
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** Settings of the process, as the test gave them. */
export const jobsOptions: JobsOptions = JSON.parse(process.env.JOBS ?? '{}')

/** The store, which tells nobody what other processes write: a cancel then reaches a run through the engine, or at its next heartbeat. */
export function unwatched({ watch: _, capabilities, ...store }: JobStore): JobStore {
  return { ...store, capabilities: { ...capabilities, watch: false } }
}

/** Routes that every application of these tests has, besides `POST /echo/:section`. */
export const GATE = { operation: 'gate', retries: 0 }
export const AGAIN = { operation: 'again', retries: 2, backoffMs: 30 }
export const LATER = { operation: 'later', delayMs: 600 }
export const FLAKY = { operation: 'flaky', retries: 2, backoffMs: 200 }
