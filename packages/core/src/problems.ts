import type { Answer } from './answer'
import type { Context } from './context'
import { isJobsError } from './errors'
import type { JobFailure } from './job'
import type { Refusal } from './submit'

/** All problems that this library answers with: code, status, title. Codes are never renamed within a major version. */
export const PROBLEMS = {
  'body-unreadable': [400, 'The request body could not be read'],
  'invalid-idempotency-key': [400, 'The Idempotency-Key is not valid'],
  'idempotency-key-required': [400, 'An Idempotency-Key is required'],
  'webhook-refused': [400, 'The webhook target is refused'],
  'invalid-query': [400, 'The query is not valid'],
  'origin-not-allowed': [403, 'Pages of this origin may not connect here'],
  'job-not-found': [404, 'There is no such job'],
  'result-not-ready': [404, 'The result is not ready yet'],
  'method-not-allowed': [405, 'The method is not allowed here'],
  'job-canceled': [409, 'The job was canceled'],
  'job-already-finished': [409, 'The job has already finished'],
  'job-gone': [410, 'The job has expired or was purged'],
  'body-too-large': [413, 'The request body is too large'],
  'range-not-satisfiable': [416, 'The range is not satisfiable'],
  'idempotency-key-reused': [422, 'The Idempotency-Key was used for another request'],
  'too-many-jobs': [429, 'Too many unfinished jobs'],
  'queue-full': [503, 'The queue is full'],
  draining: [503, 'The server is shutting down'],
  'store-unavailable': [503, 'The job store is unavailable'],
} as const satisfies Record<string, readonly [number, string]>
export type ProblemCode = keyof typeof PROBLEMS

const problemType = (code: string): string => `urn:problem-type:respond-async:${code.replaceAll('_', '-')}`

/** A problem document (RFC 9457), with `code` as an extension member. */
export function problem(code: ProblemCode, detail?: string, headers?: Record<string, string>): Answer {
  const [status, title] = PROBLEMS[code]
  return problemAnswer(status, { type: problemType(code), title, status, detail, code }, headers)
}

/** With `no-store`, because 404 and 410 are heuristically cacheable. */
const problemAnswer = (status: number, document: object, headers?: Record<string, string>): Answer => ({
  status,
  headers: { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store', ...headers },
  body: JSON.stringify(document),
})

/** 429 or 503, with `Retry-After`. */
export const busy = (code: Extract<ProblemCode, Refusal | 'store-unavailable'>, seconds = 5): Answer =>
  problem(code, 'Try again later.', { 'Retry-After': `${seconds}` })

/** Answers an error of the store or the engine with 503, or 413 if the request does not fit. Details go to `onError`, not to the client. */
export function unavailable(context: Context, error: unknown, during: string): Answer {
  if (isJobsError(error, 'too_large')) return problem('body-too-large', error.message)
  if (isJobsError(error, 'draining')) return busy('draining') // the engine was stopped while this request was being accepted
  context.onError(error, { during })
  return isJobsError(error, 'store_full') ? busy('queue-full', 10) : busy('store-unavailable')
}

/** A job's failure as clients see it: the members of RFC 9457, and the `code` and `message` that Azure pollers look for. */
export const failureDocument = ({ code, status, title, message }: JobFailure) => ({
  type: problemType(code),
  title,
  status,
  detail: message,
  code,
  message,
})

/** The answer of the result URL of a job that failed without a response. */
export const failureAnswer = (failure: JobFailure): Answer => problemAnswer(failure.status, failureDocument(failure))
