import { drop, readBody } from './body'
import { ClientError, type Problem, ProblemError } from './errors'
import { fieldsOf, numberIn, textIn } from './json'

/** The error of a response, whose body can still be read. */
export async function problemOf(response: Response): Promise<ProblemError> {
  const { json, response: whole } = await readBody(response)
  return new ProblemError(problemIn(json, response.status), whole)
}

/** The members of a problem (RFC 9457), or what other servers send in their place. */
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

/** Status codes of temporary errors: the server is busy or restarting. */
const PASSING = [408, 425, 429, 502, 503, 504]
const STRIKES_UNKNOWN_FAILURE = 5
const STRIKES_NOT_FOUND = 3

/** Counts errors that may be temporary: the same one over and over is final. */
export interface Strikes {
  count: number
}

/**
 * Returns if the request may be repeated after this error; otherwise throws the problem.
 *
 * A 500 with a problem that has a code is final; without one the server may be going down. A 404 at the very beginning may come from a
 * replica that does not have the job yet.
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
 * Throws if repeating the request would not help: the signal's reason, a server's problem, an error of this client. Returns after a lost
 * connection or a missing answer.
 */
export function throwUnlessLost(error: unknown, signal: AbortSignal): void {
  signal.throwIfAborted()
  if (error instanceof ProblemError || error instanceof ClientError) throw error
}

/** Whether a problem tells that the job was canceled, as status URLs with `onComplete` other than `'document'` answer. */
export const isCanceled = (error: unknown): error is ProblemError => error instanceof ProblemError && error.code === 'job-canceled'
