import type { JobHandle } from '@respond-async/core'
import type { Request, RequestHandler, Response } from 'express'

/** The request that a wrapped handler gets. */
export type RequestWithJob<R = Request> = R & { readonly job: JobHandle }

/** What Express leaves open where a handler does not name its types. */
export type Unnamed = Request['body']

/** A handler as Express has it, or middleware that runs with it. */
export type JobHandler<P, ResBody, ReqBody, Query, Locals extends Record<string, Unnamed>> = (
  req: RequestWithJob<Request<P, ResBody, ReqBody, Query, Locals>>,
  res: Response<ResBody, Locals>,
  next: Next,
) => unknown

export type Next = Parameters<RequestHandler>[2]
/** Any handler of Express, as it is called: four parameters make it one for errors. */
export type AnyHandler = (...args: readonly unknown[]) => unknown

/** Whether what was given to `next` is one of the words that leave the route or the router, and no error. */
export const isPassing = (error: unknown): boolean => error === 'route' || error === 'router'

/**
 * Calls handlers one after the other, as a route of Express does: the next one when it is asked for, those with four parameters
 * for errors and only for these, a throw or a rejection as an error given to `next`. `done` gets what the last one passes on.
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
  const failed = (thrown: unknown) => next(thrown || new Error('The handler failed without saying why.', { cause: thrown }))
  return next as Next
}
