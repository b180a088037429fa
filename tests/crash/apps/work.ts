import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { JobHandle } from '@respond-async/core'
import { note } from '../ledger'

/** What a client wants to be done. */
export interface Work {
  /** Its own name for the job: what it sends as `Idempotency-Key`, if it sends one. */
  readonly key: string
  readonly ms?: number
  /** In how many steps, each reported. @default 1: nothing is reported */
  readonly steps?: number
  /** Not before there is a file of this name. */
  readonly gate?: string
  /** Stops when its signal says so. @default false: as a handler that was written before there were jobs */
  readonly listens?: boolean
}

/** What it gets. */
export interface Done {
  readonly key: string
  readonly attempt: number
  readonly pid: number
}

export const WORK = { operation: 'work', retries: 20, backoffMs: 50 }

/** The handler of all applications here. */
export async function work(job: JobHandle, { key, ms = 0, steps = 1, gate, listens = false }: Work): Promise<Done> {
  const { DIR = '' } = process.env
  const stopIfTold = () => {
    if (!listens || !job.signal.aborted) return
    note(DIR, job, key, 'abort')
    throw job.signal.reason
  }
  note(DIR, job, key, 'start')
  for (let step = 1; step <= steps; step++) {
    await setTimeout(ms / steps)
    stopIfTold()
    if (step < steps) await job.progress((100 * step) / steps)
  }
  while (gate !== undefined && !existsSync(join(DIR, gate))) {
    await setTimeout(20)
    stopIfTold()
  }
  note(DIR, job, key, 'end')
  return { key, attempt: job.attempt, pid: process.pid }
}
