import type { Answer } from '@respond-async/core'
import { contentOf, fieldsFor, toResponse } from '@respond-async/core/fetch'
import type { Context } from 'hono'

/**
 * Writes an answer on the context, with the header fields that earlier middleware has set by `c.header()` or on `c.res`.
 *
 * Without such fields the response is made of a plain record, which is much cheaper: servers send it without building `Headers`.
 */
export function writeAnswer(c: Context, answer: Answer): Response {
  const headers = fieldsSet(c)
  if (headers.keys().next().done) return toResponse(answer)
  if (answer.body === null) headers.delete('content-type') // middleware may set one on every response, but no body has no type
  const fields = fieldsFor(answer)
  for (const name in fields) {
    const value = fields[name] as string | readonly string[]
    if (typeof value === 'string' && !ADDED_TO.test(name)) headers.set(name, value)
    else for (const one of [value].flat()) headers.append(name, one)
  }
  c.res = undefined // otherwise Hono would overwrite fields of the answer with those of the old `c.res`
  c.res = new Response(contentOf(answer), { status: answer.status, headers })
  return c.res
}

/** Header fields that are appended to; all others are set. */
const ADDED_TO = /^(vary|set-cookie)$/i

/** The header fields that the context adds to every response that it makes. */
export const fieldsSet = (c: Context): Headers => c.body(null).headers
