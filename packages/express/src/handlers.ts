import type { JobHandle } from '@respond-async/core'
import type { Request, RequestHandler, Response } from 'express'

/** The request that a wrapped handler gets, with its job as `req.job`. */
export type RequestWithJob<R = Request> = R & { readonly job: JobHandle }

/** `any`, as in Express's own types where a handler does not name them. */
export type Unnamed = Request['body']

/** An Express handler, or middleware that runs with it, whose request has `job`. */
export type JobHandler<P, ResBody, ReqBody, Query, Locals extends Record<string, Unnamed>> = (
  req: RequestWithJob<Request<P, ResBody, ReqBody, Query, Locals>>,
  res: Response<ResBody, Locals>,
  next: Next,
) => unknown

export type Next = Parameters<RequestHandler>[2]
/** Any Express handler; with four parameters it is an error handler. */
export type AnyHandler = (...args: readonly unknown[]) => unknown

/** Whether the argument of `next` is a word that leaves the route or the router, not an error. */
export const isPassing = (error: unknown): boolean => error === 'route' || error === 'router'

/**
 * Calls handlers in order, as an Express route does: each `next()` calls the next one, handlers with four parameters are called only
 * for errors, and a throw or rejection counts as an error given to `next`. After the last one it calls `done`.
 */
export function callInOrder(handlers: readonly AnyHandler[], req: object, res: object, done: Next): Next {
  let at = 0
  const next = (error?: unknown): void => {
    let handler: AnyHandler | undefined
    if (!isPassing(error))
      do handler = handlers[at++]
      while (handler && handler.length > 3 !== Boolean(error))
    if (!handler) return done(error)
    try {
      const returned = (error ? handler(error, req, res, next) : handler(req, res, next)) as { then?: unknown } | null | undefined
      if (typeof returned?.then === 'function') returned.then(undefined, failed)
    } catch (thrown) {
      failed(thrown)
    }
  }
  const failed = (thrown: unknown) => next(thrown || new Error('The handler failed without an error.', { cause: thrown }))
  return next as Next
}
