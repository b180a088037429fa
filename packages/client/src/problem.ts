import { drop, readBody } from './body'
import { ClientError, type Problem, ProblemError } from './errors'
import { fieldsOf, numberIn, textIn } from './json'

/** The answer as an error. Its body can still be read. */
export async function problemOf(response: Response): Promise<ProblemError> {
  const { json, response: whole } = await readBody(response)
  return new ProblemError(problemIn(json, response.status), whole)
}

/** The members of a problem (RFC 9457), or what other servers put in the place of them. */
export function problemIn(json: unknown, status: number): Problem {
  const body = fieldsOf(json)
  const inner = fieldsOf(body.error)
  const text = (...names: string[]) => textIn(inner, ...names) ?? textIn(body, ...names)
  return {
    ...body,
    type: text('type'),
    title: text('title'),
    status: numberIn(body, 'status') ?? status,
    detail: text('detail', 'message', 'error_description') ?? textIn(body, 'error'),
    instance: text('instance'),
    code: text('code'),
  }
}

/** Answers after which the same question may be answered better: the server is busy, restarting, or not there yet. */
const PASSING = [408, 425, 429, 502, 503, 504]
const STRIKES_UNKNOWN_FAILURE = 5
const STRIKES_NOT_FOUND = 3

/** Counts what may pass and may not: the same answer over and over is meant. */
export interface Strikes {
  count: number
}

/**
 * Whether to ask again after an answer that is no success; otherwise it throws the problem.
 *
 * A 500 that says why (a problem with a code) is meant; a bare one may be a server that is going down. A 404 at the very beginning
 * may be a replica that has not heard of the job yet.
 */
export async function passesOrThrow(response: Response, strikes: Strikes, isNew: boolean): Promise<void> {
  const { status } = response
  if (PASSING.includes(status)) return drop(response)
  const most = status >= 500 ? STRIKES_UNKNOWN_FAILURE : status === 404 && isNew ? STRIKES_NOT_FOUND : 0
  strikes.count++
  const error = await problemOf(response)
  const isMeant = error.problem.code !== undefined && !response.headers.has('retry-after')
  if (strikes.count > most || isMeant) throw error
}

/**
 * Throws where asking again would bring nothing else: the signal's reason, what a server has said, an error of this client. What is left is
 * a connection that was lost, or an answer that never came.
 */
export function throwUnlessLost(error: unknown, signal: AbortSignal): void {
  signal.throwIfAborted()
  if (error instanceof ProblemError || error instanceof ClientError) throw error
}

/** 409 with this code is a canceled job, where the server answers a status with what became of it. */
export const isCanceled = (error: unknown): error is ProblemError => error instanceof ProblemError && error.code === 'job-canceled'
