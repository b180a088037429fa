import type { CapturedResponse, Execution } from '@respond-async/core'
import { captureResponse, fieldsOf, keptBody } from '@respond-async/core/fetch'
import type { Context, Handler, MiddlewareHandler } from 'hono'
import type { HTTPException } from 'hono/http-exception'
import { fieldsSet } from './answer'
import type { DetachedContext } from './detached-context'

export type AnyHandler = Handler | MiddlewareHandler

/** Runs handlers, one inside the other, as Hono does. The last one's `next()` is `end`. */
export async function runHandlers(c: Context, handlers: readonly AnyHandler[], end: () => Promise<void>): Promise<Response | undefined> {
  const [handler, ...inner] = handlers
  const next = async () => {
    const made = await runHandlers(c, inner, end)
    if (made && !c.finalized) c.res = made
  }
  const made = await handler?.(c, inner.length > 0 ? next : end)
  return c.finalized ? c.res : (made ?? undefined)
}

/** Runs the handlers on their own context and takes what they answer. What they throw, it throws, unless it brings its own response. */
export async function captureHandlers(
  c: DetachedContext,
  handlers: readonly AnyHandler[],
  execution: Execution,
): Promise<CapturedResponse> {
  const response = await runHandlers(c, handlers, nothing).catch((error) => responseOf(c, error))
  // A response that the context did not make gets what the handler set by `c.header()`, as it does behind any middleware that looks at `c.res`.
  if (!response || c.made?.response !== response) return captureResponse(response, execution, fieldsOf(fieldsSet(c)))
  // A text has a media type of its own (WHATWG Fetch, "extract a body"); its size is looked at by core.
  const headers = { 'content-type': 'text/plain;charset=UTF-8', ...fieldsOf(response.headers) }
  return { status: response.status, headers, body: await keptBody(c.made.text, execution.sink) }
}

/** What is behind a handler in a job. */
const nothing = async () => {}

/** The response of an `HTTPException`, as Hono's own error handler makes it. Any other error is thrown on. */
function responseOf(c: Context, error: unknown): Response {
  const made = error instanceof Error && (error as Partial<HTTPException>).getResponse?.()
  if (!made) throw error
  return c.newResponse(made.body, made)
}
