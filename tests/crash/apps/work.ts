import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { JobHandle } from '@respond-async/core'
import { note } from '../ledger'
import type { Done, Work } from '../task'

/** The handler of all applications on Node. */
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
