import { type Answer, addToField, setField } from './answer'
import type { Context } from './context'
import type { JobRequest } from './request'

const EXPOSED =
  'Location, Content-Location, Retry-After, ETag, Link, Preference-Applied, Operation-Location, Sunset, Idempotency-Replayed, Content-Range'
const REQUEST_FIELDS = 'Accept, Authorization, Content-Type, Idempotency-Key, If-None-Match, If-Range, Last-Event-ID, Prefer, Range'

/** Adds the CORS fields that let a page of an allowed origin read the answer. Without the `cors` option the answer is unchanged. */
export function crossOrigin(context: Context, request: JobRequest, answer: Answer): Answer {
  const { cors } = context.options
  if (cors.length === 0) return answer
  const origin = request.headers.get('origin')
  const headers: Record<string, string | readonly string[]> = { ...answer.headers }
  if (cors !== '*') addToField(headers, 'Vary', 'Origin')
  if (origin !== null && (cors === '*' || cors.includes(origin))) {
    setField(headers, 'Access-Control-Allow-Origin', cors === '*' ? '*' : origin)
    addToField(headers, 'Access-Control-Expose-Headers', EXPOSED)
  }
  return { ...answer, headers }
}

/** Answers OPTIONS with the allowed methods, and a CORS preflight with what a page may send. */
export function optionsAnswer(context: Context, request: JobRequest, allow: string): Answer {
  const headers: Record<string, string> = { Allow: allow }
  if (context.options.cors.length > 0 && request.headers.get('access-control-request-method') !== null) {
    headers['Access-Control-Allow-Methods'] = allow
    headers['Access-Control-Allow-Headers'] = REQUEST_FIELDS
    headers['Access-Control-Max-Age'] = '600'
  }
  return { status: 204, headers, body: null }
}
