import type { Answer } from '@respond-async/core'
import { contentOf, fieldsFor, toResponse } from '@respond-async/core/fetch'
import type { Context } from 'hono'

/**
 * Writes an answer of core on the context, with the fields that earlier middleware has set by `c.header()`.
 *
 * Where there are none, a response made of plain fields is a good deal cheaper: servers send those without building `Headers`.
 */
export function writeAnswer(c: Context, answer: Answer): Response {
  if (fieldsSet(c).keys().next().done) return toResponse(answer)
  // The types want a body for this status, and lists that can be written; Hono hands on what it gets.
  return c.body(contentOf(answer) as string, answer.status as 200, fieldsFor(answer) as Record<string, string | string[]>)
}

/** The fields that a response made by this context gets by itself. */
export const fieldsSet = (c: Context): Headers => c.body(null).headers
