/**
 * What a good engineer writes by hand where jobs are kept in a database: one statement when a job is accepted, one when it is over,
 * one for every poll. It runs where it was accepted and is never run again; nobody notices when its process dies.
 */
import { type Job, newJob } from '../hand-written.ts'
import { untilAborted } from '../report.ts'

export interface Kept {
  insert(job: Job): Promise<unknown>
  update(job: Job): Promise<unknown>
  find(id: string): Promise<Job | undefined>
}

const holds = new Map<string, AbortController>()

/** Accepts a job and runs it on a later macrotask. */
export async function start({ insert, update }: Kept, operation: string, work: (id: string) => Promise<object>): Promise<Job> {
  const queued = newJob(operation)
  const job: Job = { ...queued, status: 'running', startedAt: queued.createdAt }
  await insert(job)
  setImmediate(async () => {
    const [status, result] = await work(job.id).then(
      (done) => ['succeeded', done] as const,
      () => ['failed', { error: 'The report could not be built.' }] as const,
    )
    const now = Date.now()
    await update({ ...job, status, result, version: 2, lastUpdatedAt: now, finishedAt: now }).catch(console.error)
  })
  return queued
}

/** Work that ends when it is told to. */
export function hold(id: string): Promise<never> {
  const controller = new AbortController()
  holds.set(id, controller)
  return untilAborted(controller.signal)
}
export function release(id: string): void {
  holds.get(id)?.abort(new Error('canceled'))
  holds.delete(id)
}
