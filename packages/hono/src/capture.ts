import { type CapturedResponse, JobsError } from '@respond-async/core'
import { captureResponse } from '@respond-async/core/fetch'
import type { Context, Handler, MiddlewareHandler } from 'hono'

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
  return captureResponse(response ?? (await passed()), maxResultBytes)
}

async function passed(): Promise<never> {
  throw new JobsError('handler_passed', 'The handler passed the request on; there is nothing behind it.')
}

/** The response of an `HTTPException`, as Hono's own error handler makes it. */
function responseOf(c: Context, error: unknown): Response | undefined {
  if (!(error instanceof Error) || !('getResponse' in error) || typeof error.getResponse !== 'function') return undefined
  const made: Response = error.getResponse()
  return c.newResponse(made.body, made)
}
