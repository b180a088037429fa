import { type Answer, addToField, type BodyStream, isEvents, partOf, setField, sizeOf } from './answer'
import { readChunks, responseName } from './bodies'
import { type Context, reporter } from './context'
import type { Body, HeaderFields, Job } from './job'
import { isTerminal } from './lifecycle'
import { retryAfter } from './pacing'
import { failureAnswer, problem } from './problems'
import type { JobRequest } from './request'
import { httpDate } from './time'

/** GET result: answers with the handler's response, or with a problem that says why there is none. */
export async function getResult(context: Context, job: Job, _self: string, request: JobRequest): Promise<Answer> {
  return withRange(await resultAnswer(context, job), request)
}

/**
 * The captured response of a finished job, made private and with a `Sunset` field (RFC 8594).
 * @param asOwn exactly as the handler made it, as the answer to the original request
 */
export async function resultAnswer(context: Context, job: Job, asOwn = false): Promise<Answer> {
  if (!isTerminal(job.status)) {
    return problem('result-not-ready', `The job is ${job.status}.`, { 'Retry-After': retryAfter(context.pacing.retryAfterMs(job)) })
  }
  if (job.response) {
    const { status, headers: own } = job.response
    const body = await storedBody(context, job)
    if (body === undefined) return problem('job-gone')
    const headers = { ...own, ...sunset(job) }
    // A shared cache knows no owners: it would serve the result to everybody for as long as the handler allows.
    if (!own['cache-control'] || job.owner !== null) addToField(headers, 'cache-control', 'private')
    return { status, headers: asOwn ? own : headers, body }
  }
  if (job.status === 'canceled') return problem('job-canceled', job.error?.message)
  return job.error ? failureAnswer(job.error) : problem('job-gone')
}

/** The `Sunset` field of a finished job (RFC 8594): when it can no longer be read. In lower case, so that it replaces one of the handler. */
export const sunset = (job: Job): HeaderFields => (job.expiresAt === undefined ? {} : { sunset: httpDate(job.expiresAt) })

/** The body of a captured response, wherever it is stored; `undefined` if it has gone meanwhile. */
export async function storedBody(context: Context, job: Job): Promise<Body | BodyStream | null | undefined> {
  const { id, attempt, response, result, responseBody } = job
  if (response?.chunkBytes !== undefined) {
    return readChunks(context.blobs, id, responseName(attempt), response, reporter(context, 'GET result', job))
  }
  if (result !== undefined || responseBody !== undefined) return result ?? responseBody
  const full = await context.store.get(id, 'full')
  return full?.goneAt === undefined ? full?.responseBody : undefined // a tombstone's `null` does not mean an empty body
}

/** Applies a `Range` request to a stored 200 (RFC 9110 14.2). Several ranges, other units and invalid ones are ignored, as it allows. */
export function withRange(answer: Answer, request: JobRequest): Answer {
  const { status, body } = answer
  if (status !== 200 || body === null || isEvents(body) || sizeOf(body) === 0) return answer
  const headers: Record<string, string | readonly string[]> = { ...answer.headers }
  setField(headers, 'Accept-Ranges', 'bytes')
  const whole = { ...answer, headers }
  // A weak validator never matches, and without an ETag or a date none does: a conditional range then gets the whole body (13.1.5).
  const validator = request.headers.get('if-range')
  const unchanged = [null, headers.etag, headers['last-modified']].includes(validator) && !validator?.startsWith('W/')
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/i.exec(String(request.headers.get('range')).trim()) ?? []
  if (request.method !== 'GET' || !unchanged || !(from + to)) return whole
  const size = sizeOf(body)
  const first = from ? Number(from) : Math.max(0, size - Number(to))
  const last = from && to ? Math.min(Number(to), size - 1) : size - 1
  if (from && to && Number(to) < first) return whole
  if (first >= size) return problem('range-not-satisfiable', `There are ${size} bytes.`, { 'Content-Range': `bytes */${size}` })
  return { status: 206, headers: { ...headers, 'Content-Range': `bytes ${first}-${last}/${size}` }, body: partOf(body, first, last) }
}
