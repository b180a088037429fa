import { advance } from './advance'
import type { Answer } from './answer'
import { type Context, reporter, ttlOf } from './context'
import type { Platform } from './engine'
import { JobsError } from './errors'
import type { Job } from './job'
import { tidy } from './leftovers'
import { isTerminal, type LifecycleEvent } from './lifecycle'
import { prefersHtml } from './negotiation'
import { post } from './outbox'
import { retryAfter } from './pacing'
import { present } from './present'
import { problem } from './problems'
import { bury, repaired } from './repair'
import { type JobRequest, pathOf } from './request'
import { onWorkers } from './settings'

/** Cancels a queued job at once; asks a running one to stop. Resolves to the job after that. */
export async function cancel(context: Context, job: Job, reason?: string, platform?: Platform): Promise<Job | null> {
  const { done, job: after } = await advance(context, job, (current): LifecycleEvent => {
    if (current.status === 'queued') return { type: 'cancel', ttlMs: ttlOf(context, current), reason }
    return { type: 'requestCancel', reason } // the table refuses it for a finished job
  })
  if (done) {
    const told = context.engine.cancel?.(after.id, after.dispatch).catch(reporter(context, 'cancel', job))
    if (onWorkers()) await told // work that a request began ends with the request
    if (isTerminal(after.status)) {
      await tidy(context, after, job.request?.chunkBytes !== undefined)
      await post(context, after, platform)
    }
  }
  return after
}

/** DELETE status: cancels an unfinished job, purges a finished one. */
export async function deleteJob(context: Context, job: Job, self: string, _request: JobRequest, platform?: Platform): Promise<Answer> {
  if (!isTerminal(job.status)) return cancelJob(context, job, self, undefined, platform)
  await bury(context, job)
  return { status: 204, headers: { 'Cache-Control': 'no-store' }, body: null }
}

/** Purges a finished job, for `jobs.purge`. Resolves to whether there was one. @throws {JobsError} `not_finished` */
export async function purge(context: Context, id: string): Promise<boolean> {
  const job = await repaired(context, id)
  if (!job || job.goneAt !== undefined) return false
  if (!isTerminal(job.status)) throw new JobsError('not_finished', `Job ${id} is ${job.status}: cancel it first.`)
  await bury(context, job)
  return true
}

/**
 * POST cancel: 200 if the job is canceled now, 202 if its work must stop first, 409 if it ended otherwise. The form of the HTML page is
 * redirected back to the page, which shows the outcome.
 */
export async function cancelJob(context: Context, job: Job, self: string, request?: JobRequest, platform?: Platform): Promise<Answer> {
  const after = await cancel(context, job, undefined, platform)
  if (!after || after.goneAt !== undefined) return problem('job-gone')
  if (context.options.page && request && prefersHtml(request.headers.get('accept')))
    return { status: 303, headers: { Location: pathOf(self), 'Cache-Control': 'no-store' }, body: null }
  const headers: Record<string, string> = { 'Content-Location': self, 'Cache-Control': 'no-store' }
  if (after.status === 'canceled') return present(context, 'status', after, self, { status: 200, headers })
  if (isTerminal(after.status)) return problem('job-already-finished', `The job has ${after.status}.`)
  const retryAfterMs = context.options.retryAfterMinMs
  headers.Location = self
  headers['Retry-After'] = retryAfter(retryAfterMs)
  return present(context, 'status', after, self, { status: 202, headers, retryAfterMs })
}
