import { AsyncResource } from 'node:async_hooks'
import type { Answer, Execute, JobHandle, Jobs, OperationOptions, Owner, StoredRequest } from '@respond-async/core'
import { checkJobs, operationOf } from '@respond-async/core/store'
import express, { type Application, type Request, type RequestHandler, type Response } from 'express'
import { detach, rebuild, run } from './exchange'
import { type AnyHandler, callInOrder, type JobHandler, type Next, type Unnamed } from './handlers'
import { ExpressRequest, ExpressSubmission, leavingOf } from './submission'
import { writeAnswer } from './write-answer'

/** Options of {@link respondAsync}. */
export interface RespondAsyncOptions extends OperationOptions<Request> {
  /** Name of the operation, unique among these jobs. */
  operation: string
  /**
   * The application whose settings (views, trust proxy, query parser) and prototypes apply when this process runs jobs of others.
   * @default the one that served the route in this process, otherwise a bare `express()`
   */
  app?: Application | undefined
}

type OneOrMore<One> = [One, ...One[]]
/** A handler or a list of them, as Express takes them. */
type JobHandlers<Handler> = Handler | readonly Handler[]
type Query = Request['query']
type Locals = Record<string, Unnamed>

/**
 * Wraps the handlers of a route: a request is answered 202 and the handlers run afterwards. A status URL shows their progress and
 * response.
 *
 * The handlers are unchanged. They get a request and a response of their own, with everything that earlier middleware put on the live
 * ones; `req.job` reports progress and has the signal that a cancel aborts. Several handlers (multer and another) run in order, as in a
 * route.
 *
 * @param operation name of the operation, unique among these jobs, or options with that name
 * @param handlers handlers or lists of them, at least one
 * @throws {JobsError} `invalid_option`, `duplicate_operation`
 */
// TypeScript infers nothing from the path through a generic call, so parameters that are not named are `any`, like bodies.
export function respondAsync<P = Unnamed, ResBody = Unnamed, ReqBody = Unnamed, ReqQuery = Query, ResLocals extends Locals = Locals>(
  jobs: Jobs<Request>,
  operation: string | RespondAsyncOptions,
  ...handlers: OneOrMore<JobHandlers<JobHandler<P, ResBody, ReqBody, ReqQuery, ResLocals>>>
): RequestHandler<P, ResBody, ReqBody, ReqQuery, ResLocals>
export function respondAsync(jobs: Jobs<Request>, operation: string | RespondAsyncOptions, ...given: unknown[]): RequestHandler {
  const { operation: name, app: ofJobs, ...options } = operationOf(jobs, operation)
  const handlers = given.flat(9) as AnyHandler[] // checked by `define`
  let app = ofJobs
  /** For stored requests, which have no async context of their own and would run in that of another. */
  const scope = new AsyncResource('respond-async')
  const execute: Execute = (execution) => {
    const taken = execution.live as ExpressSubmission | undefined // passed to `accept` below
    if (taken) return run(handlers, detach(taken, execution), execution)
    app ??= express()
    // The handler's own copy, the same from every store. Without a live request there is a stored one.
    const stored: StoredRequest = JSON.parse(JSON.stringify(execution.request))
    const own = rebuild(app, stored, execution)
    return scope.runInAsyncScope(() => run(handlers, own, execution))
  }
  jobs.define(name, options, execute, handlers)
  return (req, res, next) => {
    app ??= req.app
    const runLive = () => {
      Object.assign(req, { job: unwrapped(name, res) })
      callInOrder(handlers, req, res, next)()
    }
    answerWith(jobs.accept(name, new ExpressSubmission(req, res)), res, runLive, next)
  }
}

/** `req.job` of a handler that runs as if it were not wrapped: progress is ignored, and the signal aborts when the client leaves. */
function unwrapped(operation: string, res: Response): JobHandle {
  let signal: AbortSignal | undefined
  return {
    ...{ id: '', operation, attempt: 1, meta: {}, carry: {} },
    get signal() {
      signal ??= leavingOf(res)
      return signal
    },
    async progress() {},
  }
}

/** Options of {@link jobRoutes}. */
export interface JobRoutesOptions {
  /** Returns whose request it is, and so whose jobs it may see. @default the `owner` of `createJobs` */
  owner?: Owner<Request> | undefined
}

/** Makes the job routes: status, result, cancel, list. To be mounted with `app.use('/jobs', jobRoutes(jobs))`, also in a nested router. */
export function jobRoutes(jobs: Jobs<Request>, { owner, ...others }: JobRoutesOptions = {}): RequestHandler {
  checkJobs('jobRoutes', jobs, others)
  return (req, res, next) => {
    answerWith(jobs.route(new ExpressRequest(req), { native: req, mount: req.baseUrl, rest: req.path, owner }), res, next, next)
  }
}

/** Writes the answer, or calls `goOn` if there is none; errors go to `next`. */
function answerWith(answered: Promise<Answer | undefined>, res: Response, goOn: () => void, next: Next): void {
  answered.then((answer) => {
    try {
      if (answer) writeAnswer(res, answer)
      else goOn()
    } catch (error) {
      if (!res.headersSent) next(error) // otherwise something else has answered, such as a timeout
    }
  }, next)
}
