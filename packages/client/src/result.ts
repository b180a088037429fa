import { drop, readBody, withUrl } from './body'
import { type ClientError, JobFailedError } from './errors'
import { restAfterFailure, retryAfterOf } from './pacing'
import { passesOrThrow, problemIn, type Strikes, throwUnlessLost } from './problem'
import type { StatusDocument } from './status-document'
import { inAnswerTime, type Tracking } from './tracking'

/** Fetches the response of a job that has succeeded. Waits for lost connections and busy servers. */
export async function fetchResult(job: Tracking, document: StatusDocument, signal: AbortSignal): Promise<Response> {
  // A result that was answered in place of a status is kept: it may not be available again.
  const kept = job.reading?.response
  if (kept) return withUrl(kept.url, kept.clone())
  const url = document.links.result
  if (url === undefined) return Response.json(document.result ?? null)
  const strikes: Strikes = { count: 0 }
  for (let failures = 1; ; failures++) {
    let advice: number | undefined
    try {
      const found = await inAnswerTime(job, signal, async (limited) => {
        const { response } = await get(job, url, limited)
        if (response.ok) return response // it has begun in time; its body may take as long as the job may
        advice = retryAfterOf(response.headers, job.settings.clock.now())
        const notYet = response.status === 404 && advice !== undefined
        if (notYet) drop(response)
        else await passesOrThrow(response, strikes, true)
        return undefined
      })
      if (found) return found
    } catch (error) {
      throwUnlessLost(error, signal)
    }
    await restAfterFailure(job.settings, advice, failures, signal)
  }
}

/** The error of a failed job: what the status tells, and the handler's response if it can be fetched. */
export async function jobFailure(job: Tracking, document: StatusDocument, signal: AbortSignal): Promise<JobFailedError> {
  const url = document.links.result
  const bare = new JobFailedError(document, undefined)
  if (url === undefined) return bare
  try {
    return await inAnswerTime(job, signal, async (limited) => {
      const { response } = await get(job, url, limited)
      if (response.ok) {
        drop(response)
        return bare
      }
      const { json, response: whole } = await readBody(response)
      const isProblem = /problem\+json/i.test(response.headers.get('content-type') ?? '')
      const problem = isProblem ? { ...document.error, ...problemIn(json, response.status) } : document.error
      return new JobFailedError(document, whole, problem)
    })
  } catch (error) {
    signal.throwIfAborted()
    if ((error as ClientError).code === 'timed_out') throw error // the body may time out a moment before the signal
    return bare // only the response could not be fetched
  }
}

const get = (job: Tracking, url: string, signal: AbortSignal) => job.send({ method: 'GET', url, headers: { accept: '*/*' }, signal })
