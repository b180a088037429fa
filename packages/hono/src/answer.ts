import type { Answer } from '@respond-async/core'
import { contentOf, fieldsFor, toResponse } from '@respond-async/core/fetch'
import type { Context } from 'hono'

/**
 * Writes an answer of core on the context, with the fields that earlier middleware has set by `c.header()` or on `c.res`.
 *
 * Where there are none, a response made of plain fields is a good deal cheaper: servers send those without building `Headers`.
 */
export function writeAnswer(c: Context, answer: Answer): Response {
  const headers = fieldsSet(c)
  if (headers.keys().next().done) return toResponse(answer)
  if (answer.body === null) headers.delete('content-type') // of middleware that says one of every answer: nothing has none
  const fields = fieldsFor(answer)
  for (const name in fields) {
    const value = fields[name] as string | readonly string[]
    if (typeof value === 'string' && !ADDED_TO.test(name)) headers.set(name, value)
    else for (const one of [value].flat()) headers.append(name, one)
  }
  c.res = undefined // or Hono would write what was on it over the fields of the answer
  c.res = new Response(contentOf(answer), { status: answer.status, headers })
  return c.res
}

/** Fields that each who answers adds to; in all others the answer's own word counts. */
const ADDED_TO = /^(vary|set-cookie)$/i

/** The fields that a response made by this context gets by itself. */
export const fieldsSet = (c: Context): Headers => c.body(null).headers
