import type { Attempt, Cut } from './attempt'
import type { Context } from './context'
import type { RunOutcome } from './engine'
import { isJobsError, JobsError } from './errors'
import { errorResponse, failureOf, LOST, TIMEOUT } from './failure'
import type { Job, JobFailure } from './job'
import { tidy } from './leftovers'
import { isTerminal, type LifecycleEvent, type Outcome } from './lifecycle'
import { backoff, type CapturedResponse, type Operation } from './operation'
import { outcomeOf } from './outcome'

/** How an attempt ended. */
export type Ended =
  | { readonly kind: 'responded'; readonly response: CapturedResponse }
  | { readonly kind: 'threw'; readonly error: unknown }
  | { readonly kind: 'cut'; readonly why: Cut }

/** The change of the job that follows from the end of an attempt, and whether to retry instead if attempts are left. */
interface Verdict {
  readonly event: LifecycleEvent
  readonly retry?: boolean
}

const DONE: RunOutcome = { kind: 'done' }
export const NOT_OURS: RunOutcome = { kind: 'skip', why: 'The job is over, or another worker has it' }

/** Writes the change of the job that follows from the end of an attempt. Resolves to what the engine is to do with the message. */
export async function settle(context: Context, operation: Operation, attempt: Attempt, ended: Ended): Promise<RunOutcome> {
  if (ended.kind === 'cut' && ended.why === 'superseded') return NOT_OURS
  const { job, body } = attempt
  let outcome = DONE
  let { event, retry } = judge(context, operation, attempt, ended)
  if (retry && job.attempt < job.maxAttempts) {
    const delayMs = backoff(job, operation.options, context.options.random)
    const kept = context.engine.capabilities.delay ? context.options.startDeadlineMs : 0
    event = { type: 'release', attempt: job.attempt, dueAt: context.now() + delayMs + kept, redispatch: false }
    outcome = { kind: 'retry', delayMs }
  }
  const after = await write(context, attempt, event)
  const tidied = after && tidy(context, after, job.request?.chunkBytes !== undefined || (body?.size ?? 0) > 0)
  if (tidied) await tidied
  if (event.type === 'succeed') {
    // Not by the system clock, which may be changed meanwhile; by one that the application brings.
    const { now } = context.options
    context.pacing.learn(job.operation, now ? now() - (job.startedAt ?? 0) : performance.now() - attempt.begunAt)
  }
  return after && isTerminal(after.status) ? DONE : outcome // a cancel may have come before the retry
}

function judge(context: Context, operation: Operation, attempt: Attempt, ended: Ended): Verdict {
  const own = { attempt: attempt.attempt, ttlMs: attempt.ttlMs }
  const failed = (error: JobFailure, retry: boolean, outcome?: Outcome): Verdict => ({
    event: { type: 'fail', ...own, error, ...outcome },
    retry,
  })
  if (ended.kind !== 'responded' && attempt.isCanceled) return { event: { type: 'cancel', ...own } }
  switch (ended.kind) {
    case 'cut':
      if (ended.why === 'timeout') return failed(TIMEOUT, true)
      if (attempt.hasBegun && attempt.attempt >= attempt.job.maxAttempts) return failed(LOST, false)
      // Another process takes the job over when it finds it due.
      return { event: { type: 'release', attempt: attempt.attempt, dueAt: context.now(), redispatch: true } }
    case 'threw':
      attempt.tell(ended.error, 'handler')
      return failed(failureOf(ended.error), !isJobsError(ended.error, 'result_too_large'))
    case 'responded': {
      const { status } = ended.response
      const outcome = outcomeOf(ended.response, attempt.body, context.options.inlineResultBytes)
      const limit = operation.options.maxResultBytes
      if (outcome.response.size > limit) return failed(failureOf(resultTooLarge(limit)), false)
      if (status < 400) return { event: { type: 'succeed', ...own, ...outcome } }
      return failed(errorResponse(status), status >= 500 && !attempt.isCanceled, outcome)
    }
  }
}

/** The error that an adapter throws when a response body exceeds `maxResultBytes`. */
export const resultTooLarge = (limit: number): JobsError =>
  new JobsError('result_too_large', `The result is larger than ${limit} bytes; raise maxResultBytes or answer with a link.`)

/** Pauses between tries to write the end of an attempt, in milliseconds: first these, then `WRITE_LATER_MS`. */
const WRITE_AGAIN_MS = [50, 200, 1_000]
const WRITE_LATER_MS = 5_000
/** Number of retries: enough for about two minutes, which a failover may take. After that the lease runs out and the job is repaired. */
const TRIES = 28
/** The same while the process is stopping. */
const TRIES_WHEN_STOPPED = 4

/** Writes the end of an attempt. Resolves to the job after it; `null` if the job is no longer this attempt's, or the store stays away. */
async function write(context: Context, attempt: Attempt, event: LifecycleEvent): Promise<Job | null> {
  for (let tries = 0; ; tries++) {
    try {
      return await attempt.settle(event)
    } catch (error) {
      attempt.tell(error, event.type)
      if (isJobsError(error, 'too_large') && (event.type === 'succeed' || (event.type === 'fail' && event.response))) {
        const failed = { type: 'fail', attempt: attempt.attempt, ttlMs: attempt.ttlMs } as const
        return write(context, attempt, { ...failed, error: { ...failureOf(error), code: 'result_too_large', message: error.message } })
      }
      if (tries >= (context.stopped ? TRIES_WHEN_STOPPED : TRIES)) return null
      await new Promise((resolve) => setTimeout(resolve, WRITE_AGAIN_MS[tries] ?? WRITE_LATER_MS))
    }
  }
}
