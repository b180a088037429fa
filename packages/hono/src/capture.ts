import type { CapturedResponse } from '@respond-async/core'
import { captureResponse, responseFields } from '@respond-async/core/fetch'
import type { Context, Handler, MiddlewareHandler } from 'hono'

import { fieldsSet } from './answer'
import { textOf } from './detached-context'

export type AnyHandler = Handler | MiddlewareHandler

/** Runs handlers one inside the other, as Hono does. The last one's `next()` is `end`. */
export async function runHandlers(c: Context, handlers: readonly AnyHandler[], end: () => Promise<void>): Promise<Response | undefined> {
  const run = async (at: number): Promise<Response | undefined> => {
    const handler = handlers[at]
    if (!handler) {
      await end()
      return undefined
    }
    const made = await handler(c, async () => {
      const inner = await run(at + 1)
      if (inner && !c.finalized) c.res = inner
    })
    return c.finalized ? c.res : (made ?? undefined)
  }
  return run(0)
}

/** Runs the handlers on their own context and takes what they answer. What they throw, it throws, unless it brings its own response. */
export async function captureHandlers(c: Context, handlers: readonly AnyHandler[], maxResultBytes: number): Promise<CapturedResponse> {
  let response: Response | undefined
  try {
    response = await runHandlers(c, handlers, passed)
  } catch (error) {
    response = responseOf(c, error)
    if (!response) throw error
  }
  const text = response && textOf(response)
  if (text === undefined || !response) return withFieldsOf(c, await captureResponse(response, maxResultBytes))
  // A text has a media type of its own (WHATWG Fetch, "extract a body"); its size is looked at by core.
  const headers = { 'content-type': 'text/plain;charset=UTF-8', ...responseFields(response.headers) }
  return { status: response.status, headers, body: text }
}

/** Behind the handler there is nothing. */
const passed = async () => {}

/** The response of an `HTTPException`, as Hono's own error handler makes it. */
function responseOf(c: Context, error: unknown): Response | undefined {
  if (!(error instanceof Error) || !('getResponse' in error) || typeof error.getResponse !== 'function') return undefined
  const made: Response = error.getResponse()
  return c.newResponse(made.body, made)
}

/** A response that the context did not make gets what the handler set by `c.header()`, as it does behind any middleware that looks at `c.res`. */
function withFieldsOf(c: Context, captured: CapturedResponse): CapturedResponse {
  return { ...captured, headers: { ...responseFields(fieldsSet(c)), ...captured.headers } }
}
