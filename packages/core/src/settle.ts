import type { Attempt, Cut } from './attempt'
import type { Context } from './context'
import type { RunOutcome } from './engine'
import { isJobsError, JobsError } from './errors'
import { errorResponse, failureOf } from './failure'
import type { Job, JobFailure } from './job'
import { tidy } from './leftovers'
import { isTerminal, type LifecycleEvent, type Outcome } from './lifecycle'
import type { ResponseBody } from './live-body'
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
  /** Another process goes on with it, when it finds the job due. */
  | { readonly type: 'handBack' }
  | { readonly type: 'fail'; readonly error: JobFailure; readonly outcome?: Outcome; readonly retry: boolean }

/** Turns the end of an attempt into the last change of the job by it, writes that, and tells the engine what it must know. */
export async function settle(
  context: Context,
  operation: Operation,
  attempt: Attempt,
  ended: Ended,
  sink: ResponseBody | undefined,
): Promise<RunOutcome> {
  if (ended.kind === 'cut' && ended.why === 'superseded') return { kind: 'skip', why: 'the job was given to another worker, or is over' }
  const { job } = attempt
  const { event, outcome } = conclude(context, operation, attempt, judge(context, operation, attempt, ended, sink))
  const after = await write(context, attempt, event)
  const tidied = after && tidy(context, after, job.request?.chunkBytes !== undefined || (sink?.size ?? 0) > 0)
  if (tidied) await tidied
  if (event.type === 'succeed') context.pacing.learn(job.operation, context.now() - (job.startedAt ?? job.createdAt))
  return after && isTerminal(after.status) ? DONE : outcome // a cancel may have come before a retry
}

/** The event for the job, and what the engine must know. */
interface Conclusion {
  readonly event: LifecycleEvent
  readonly outcome: RunOutcome
}
const DONE: RunOutcome = { kind: 'done' }

function conclude(context: Context, operation: Operation, { job, attempt, ttlMs }: Attempt, verdict: Verdict): Conclusion {
  switch (verdict.type) {
    case 'succeed':
      return { event: { type: 'succeed', attempt, ttlMs, ...verdict.outcome }, outcome: DONE }
    case 'cancel':
      return { event: { type: 'cancel', attempt, ttlMs }, outcome: DONE }
    case 'handBack':
      return { event: { type: 'release', attempt, dueAt: context.now(), redispatch: true }, outcome: DONE }
    case 'fail': {
      if (!verdict.retry || job.attempt >= job.maxAttempts)
        return { event: { type: 'fail', attempt, ttlMs, error: verdict.error, ...verdict.outcome }, outcome: DONE }
      const delayMs = backoff(job, operation.options, context.options.random)
      const kept = context.engine.capabilities.delay ? context.options.startDeadlineMs : 0
      const event = { type: 'release', attempt, dueAt: context.now() + delayMs + kept, redispatch: false } as const
      return { event, outcome: { kind: 'retry', delayMs } }
    }
  }
}

function judge(context: Context, operation: Operation, attempt: Attempt, ended: Ended, sink: ResponseBody | undefined): Verdict {
  switch (ended.kind) {
    case 'cut':
      if (attempt.isCanceled) return { type: 'cancel' }
      if (ended.why === 'timeout') return { type: 'fail', error: TIMEOUT, retry: true }
      return attempt.hasBegun && attempt.attempt >= attempt.job.maxAttempts
        ? { type: 'fail', error: LOST, retry: false }
        : { type: 'handBack' }
    case 'threw':
      if (attempt.isCanceled) return { type: 'cancel' }
      attempt.tell(ended.error, 'handler')
      return { type: 'fail', error: failureOf(ended.error), retry: !isJobsError(ended.error, 'result_too_large') }
    case 'responded': {
      const { response } = ended
      const outcome = outcomeFor(context, response, sink)
      const limit = operation.options.maxResultBytes
      if ((outcome.response?.size ?? 0) > limit) return { type: 'fail', error: failureOf(resultTooLarge(limit)), retry: false }
      if (response.status < 400) return { type: 'succeed', outcome }
      const retry = response.status >= 500 && !attempt.isCanceled
      return { type: 'fail', error: errorResponse(response.status), outcome, retry }
    }
  }
}

/** The outcome of a response, also of one whose body went to the blob store: to be left there, unless it turned out to be small. */
function outcomeFor({ options }: Context, response: CapturedResponse, sink: ResponseBody | undefined): Outcome {
  const whole = sink?.whole
  const outcome = outcomeOf(whole ? { ...response, body: whole } : response, options.inlineResultBytes)
  if (whole || !sink?.size || !outcome.response) return outcome
  return { response: { ...outcome.response, size: sink.size, chunkBytes: sink.chunkBytes }, responseBody: null }
}

/** What an adapter throws when a response body passes `maxResultBytes`. */
export const resultTooLarge = (limit: number): JobsError =>
  new JobsError(
    'result_too_large',
    `The result is larger than the ${limit} bytes that are kept; raise maxResultBytes or answer with a link.`,
  )

/** Pauses between tries to write the end of an attempt, in milliseconds: short at first, then calmer. */
const WRITE_AGAIN_MS = [50, 200, 1_000]
const WRITE_LATER_MS = 5_000
/** How often it is tried again: for some two minutes, which a failover may take. After that the lease runs out and the job is repaired. */
const TRIES = 28
/** … and where the process wants to end. */
const TRIES_WHEN_STOPPED = 4

/** Writes the end of an attempt. The job after it; `null` where it was not this attempt's to end any more, or the store stays away. */
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
