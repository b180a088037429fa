import type { Attempt, Cut } from './attempt'
import type { BodyWriter } from './bodies'
import type { Context } from './context'
import type { RunOutcome } from './engine'
import { isJobsError, JobsError } from './errors'
import { errorResponse, failureOf } from './failure'
import type { Job, JobFailure } from './job'
import { tidy } from './leftovers'
import type { LifecycleEvent, Outcome } from './lifecycle'
import { backoff, type CapturedResponse, type Operation } from './operation'
import { outcomeOf } from './outcome'
import { LOST, TIMEOUT } from './repair'

/** How an attempt ended. */
export type Ended =
  | { readonly kind: 'responded'; readonly response: CapturedResponse }
  | { readonly kind: 'threw'; readonly error: unknown }
  | { readonly kind: 'cut'; readonly why: Cut }

/** What follows from it, before retries are thought of. */
type Verdict =
  | { readonly type: 'succeed'; readonly outcome: Outcome }
  | { readonly type: 'cancel' }
  | { readonly type: 'fail'; readonly error: JobFailure; readonly outcome?: Outcome; readonly retry: false | 'later' | 'at once' }

/** Turns the end of an attempt into the event for the job, and that into what the engine must know. */
export async function settle(
  context: Context,
  operation: Operation,
  attempt: Attempt,
  ended: Ended,
  sink: BodyWriter | undefined,
): Promise<RunOutcome> {
  if (ended.kind === 'cut' && ended.why === 'superseded') return { kind: 'skip', why: 'the job was given to another worker, or is over' }
  const verdict = judge(context, operation, attempt, ended, sink)
  const { job } = attempt
  const about = { attempt: attempt.attempt, ttlMs: attempt.ttlMs }
  const end = async (event: LifecycleEvent) => {
    const after = await write(context, attempt, event)
    if (after) await tidy(context, after, job.request?.chunkBytes !== undefined || (sink?.size ?? 0) > 0)
  }
  switch (verdict.type) {
    case 'succeed':
      await end({ type: 'succeed', ...about, ...verdict.outcome })
      context.pacing.learn(job.operation, context.now() - (job.startedAt ?? job.createdAt))
      return { kind: 'done' }
    case 'cancel':
      await end({ type: 'cancel', ...about })
      return { kind: 'done' }
    case 'fail': {
      if (!verdict.retry || job.attempt >= job.maxAttempts) {
        await end({ type: 'fail', ...about, error: verdict.error, ...verdict.outcome })
        return { kind: 'done' }
      }
      const redispatch = verdict.retry === 'at once' // by another process, when it finds the job due
      const delayMs = redispatch ? 0 : backoff(job, operation.options, context.options.random)
      const kept = context.engine.capabilities.delay && !redispatch ? context.options.startDeadlineMs : 0
      await end({ type: 'release', attempt: attempt.attempt, dueAt: context.now() + delayMs + kept, redispatch })
      return redispatch ? { kind: 'done' } : { kind: 'retry', delayMs }
    }
  }
}

function judge(context: Context, operation: Operation, attempt: Attempt, ended: Ended, sink: BodyWriter | undefined): Verdict {
  switch (ended.kind) {
    case 'cut':
      if (ended.why === 'drained') return { type: 'fail', error: LOST, retry: 'at once' }
      return ended.why === 'timeout' && !attempt.isCanceled ? { type: 'fail', error: TIMEOUT, retry: 'later' } : { type: 'cancel' }
    case 'threw':
      if (attempt.isCanceled) return { type: 'cancel' }
      context.onError(ended.error, { during: 'handler', id: attempt.id, operation: attempt.operation })
      return { type: 'fail', error: failureOf(ended.error), retry: isJobsError(ended.error, 'result_too_large') ? false : 'later' }
    case 'responded': {
      const { response } = ended
      const outcome = inChunks(outcomeOf(response, context.options.inlineResultBytes), sink)
      const limit = operation.options.maxResultBytes
      if ((outcome.response?.size ?? 0) > limit) return { type: 'fail', error: failureOf(resultTooLarge(limit)), retry: false }
      if (response.status < 400) return { type: 'succeed', outcome }
      const retry = response.status >= 500 && !attempt.isCanceled && 'later'
      return { type: 'fail', error: errorResponse(response.status), outcome, retry }
    }
  }
}

/** The outcome of a response whose body went to the blob store. */
function inChunks(outcome: Outcome, sink: BodyWriter | undefined): Outcome {
  if (!sink?.size || !outcome.response) return outcome
  return { response: { ...outcome.response, size: sink.size, chunkBytes: sink.chunkBytes }, responseBody: null }
}

/** What an adapter throws when a response body passes `maxResultBytes`. */
export const resultTooLarge = (limit: number): JobsError =>
  new JobsError(
    'result_too_large',
    `The result is larger than the ${limit} bytes that are kept; raise maxResultBytes or answer with a link.`,
  )

/** Pauses between tries to write the end of an attempt, in milliseconds. After the last the lease runs out and the job is repaired. */
const WRITE_AGAIN_MS = [50, 200, 1_000, 5_000]

/** Writes the end of an attempt. The job after it; `null` where it was not this attempt's to end any more, or the store stays away. */
async function write(context: Context, attempt: Attempt, event: LifecycleEvent): Promise<Job | null> {
  for (let tries = 0; ; tries++) {
    try {
      return await attempt.settle(event)
    } catch (error) {
      context.onError(error, { during: event.type, id: attempt.id, operation: attempt.operation })
      if (isJobsError(error, 'too_large') && (event.type === 'succeed' || (event.type === 'fail' && event.response))) {
        const failed = { type: 'fail', attempt: attempt.attempt, ttlMs: attempt.ttlMs } as const
        return write(context, attempt, { ...failed, error: { ...failureOf(error), code: 'result_too_large', message: error.message } })
      }
      const pause = WRITE_AGAIN_MS[tries]
      if (pause === undefined) return null
      await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }
}
