import type { CapturedResponse, Execution } from '@respond-async/core'
import { captureResponse, fieldsOf, keptBody } from '@respond-async/core/fetch'
import type { Context, Handler, MiddlewareHandler } from 'hono'
import type { HTTPException } from 'hono/http-exception'
import { fieldsSet } from './answer'
import type { DetachedContext } from './detached-context'

export type AnyHandler = Handler | MiddlewareHandler

/** Runs handlers nested, as Hono does. The last one's `next()` is `end`. */
export async function runHandlers(c: Context, handlers: readonly AnyHandler[], end: () => Promise<void>): Promise<Response | undefined> {
  const [handler, ...inner] = handlers
  const next = async () => {
    const made = await runHandlers(c, inner, end)
    if (made && !c.finalized) c.res = made
  }
  const made = await handler?.(c, inner.length > 0 ? next : end)
  return c.finalized ? c.res : (made ?? undefined)
}

/** Runs the handlers on their own context and captures their response. Rejects with what they throw, except for an `HTTPException`. */
export async function captureHandlers(
  c: DetachedContext,
  handlers: readonly AnyHandler[],
  execution: Execution,
): Promise<CapturedResponse> {
  const response = await runHandlers(c, handlers, nothing).catch((error) => responseOf(c, error))
  // A response that the context did not make also gets the fields set by `c.header()`, as behind middleware that reads `c.res`.
  if (!response || c.made?.response !== response)
    return captureResponse(response, execution, c.finalized ? undefined : fieldsOf(fieldsSet(c)))
  // A text has a default media type (WHATWG Fetch, "extract a body"). Core checks its size.
  const headers = { 'content-type': 'text/plain;charset=UTF-8', ...fieldsOf(response.headers) }
  return { status: response.status, headers, body: await keptBody(c.made.text, execution.sink) }
}

/** `next()` of the last handler in a job. */
const nothing = async () => {}

/** The response of an `HTTPException`, as Hono's error handler makes it. Rethrows any other error. */
function responseOf(c: Context, error: unknown): Response {
  const made = error instanceof Error && (error as Partial<HTTPException>).getResponse?.()
  if (!made) throw error
  return c.newResponse(made.body, made)
}
