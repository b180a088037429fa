import { drop, readBody } from './body'
import { orAborted, scope } from './clock'
import { ClientError, JobFailedError, ProblemError } from './errors'
import { fieldsOf } from './json'
import { pauseAfterFailure, retryAfterOf } from './pacing'
import { passesOrThrow, problemIn, type Strikes } from './problem'
import type { StatusDocument } from './status-document'
import type { Tracking } from './tracking'

/** The response of a job that has succeeded. Lost connections and busy servers are waited for. */
export async function fetchResult(job: Tracking, document: StatusDocument, given: AbortSignal | null | undefined): Promise<Response> {
  // What was answered in the place of a status is kept: it could not be had again.
  if (job.reading?.response) return job.reading.response.clone()
  const url = document.links.result
  if (url === undefined) return Response.json(document.result ?? null)
  const { clock, pace } = job.settings
  const strikes: Strikes = { count: 0 }
  const { signal } = given ? { signal: given } : new AbortController()
  for (let failures = 1; ; failures++) {
    let advice: number | undefined
    try {
      const { response } = await get(job, url, signal)
      if (response.ok) return response
      advice = retryAfterOf(response.headers, clock.now())
      const notYet = response.status === 404 && advice !== undefined
      if (notYet) drop(response)
      else await passesOrThrow(response, strikes, true)
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof ProblemError || error instanceof ClientError) throw error
    }
    await clock.sleep(pauseAfterFailure(advice, failures, pace), signal)
  }
}

/** Why it failed: what the status says, and the handler's own answer where there is one and it can be had. */
export async function jobFailure(job: Tracking, document: StatusDocument, given: AbortSignal | null | undefined): Promise<JobFailedError> {
  const url = document.links.result
  if (url === undefined) return new JobFailedError(document, undefined)
  const { signal } = given ? { signal: given } : new AbortController()
  try {
    const { response } = await get(job, url, signal)
    if (response.ok) {
      drop(response)
      return new JobFailedError(document, undefined)
    }
    const { json, response: whole } = await readBody(response)
    const isProblem = /problem\+json/i.test(response.headers.get('content-type') ?? '')
    return new JobFailedError(
      document,
      whole,
      isProblem ? { ...document.error, ...fieldsOf(problemIn(json, response.status)) } : document.error,
    )
  } catch {
    signal.throwIfAborted()
    return new JobFailedError(document, undefined) // that it failed is known; what it answered is not
  }
}

/** The time is for the answer to begin: a large result may take as long as it takes. */
async function get(job: Tracking, url: string, parent: AbortSignal) {
  const limit = scope([parent], job.settings.requestTimeoutMs, () => new Error('The answer did not come in time.'))
  try {
    return await orAborted(job.send({ method: 'GET', url, headers: { accept: '*/*' }, signal: limit.signal }), limit.signal)
  } finally {
    limit.end()
  }
}
