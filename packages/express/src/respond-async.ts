import {
  type Answer,
  type JobHandle,
  type Jobs,
  JobsError,
  type OperationOptions,
  type Owner,
  pathOf,
  type StoredRequest,
} from '@respond-async/core'
import express, { type Application, type Request, type RequestHandler, type Response } from 'express'
import { detach, rebuild, run } from './exchange'
import { type AnyHandler, callInOrder, type JobHandler, type Next, type Unnamed } from './handlers'
import { ExpressRequest, ExpressSubmission, leavingOf } from './submission'
import { writeAnswer } from './write-answer'

/** What `respondAsync` takes in place of the operation's name. */
export interface RespondAsyncOptions extends OperationOptions<Request> {
  /** Name of the operation, unique among these jobs. */
  operation: string
  /**
   * The application whose settings and prototypes a run in another process gets (views, trust proxy, query parser).
   * @default the one that this process has served the route with, otherwise a bare `express()`
   */
  app?: Application
}

type Query = Request['query']
type Locals = Record<string, Unnamed>

/**
 * Wraps the handlers of a route: it answers 202 and runs them after that; a status URL tells how it goes and what they answered.
 *
 * The handlers stay as they are and get a request and a response of their own, with everything that earlier middleware put on
 * the live ones; `req.job` reports progress and hears of a cancellation. Several (multer and a handler) run in order, as in a route.
 *
 * @throws {JobsError} `invalid_option`, `duplicate_operation`
 */
// TypeScript hands nothing from the path through a generic call, so parameters that are not named are left open, like bodies.
export function respondAsync<P = Unnamed, ResBody = Unnamed, ReqBody = Unnamed, ReqQuery = Query, ResLocals extends Locals = Locals>(
  jobs: Jobs<Request>,
  operation: string | RespondAsyncOptions,
  handler: JobHandler<P, ResBody, ReqBody, ReqQuery, ResLocals> | readonly JobHandler<P, ResBody, ReqBody, ReqQuery, ResLocals>[],
): RequestHandler<P, ResBody, ReqBody, ReqQuery, ResLocals>
export function respondAsync(jobs: Jobs<Request>, operation: string | RespondAsyncOptions, handler: unknown): RequestHandler {
  const { operation: name, app: given, ...options } = typeof operation === 'string' ? { operation } : operation
  const handlers = handlersOf(name, handler)
  let app = given
  jobs.define(name, options, (execution) => {
    const taken = execution.live as ExpressSubmission | undefined // what is passed to accept below
    if (taken) return taken.scope.runInAsyncScope(() => run(handlers, detach(taken, execution), execution))
    app ??= express()
    // The handler's own copy, the same of every store. A job without a stored request cannot be one that came over HTTP.
    const stored: StoredRequest = JSON.parse(JSON.stringify(execution.request ?? { method: 'POST', url: '/', headers: {} }))
    return run(handlers, rebuild(app, stored, execution), execution)
  })
  return (req, res, next) => {
    app ??= req.app
    const runLive = () => {
      Object.assign(req, { job: unwrapped(name, res) })
      callInOrder(handlers, req, res, next)()
    }
    answerWith(jobs.accept(name, new ExpressSubmission(req, res)), res, runLive, next)
  }
}

function handlersOf(name: string, handler: unknown): AnyHandler[] {
  const handlers = [handler].flat(8)
  if (handlers.length > 0 && handlers.every((one): one is AnyHandler => typeof one === 'function')) return handlers
  throw new JobsError('invalid_option', `respondAsync("${name}"): give it a handler, or a list of them.`)
}

/** `req.job` of a handler that runs as if it were not wrapped: there is nobody to report to, and the client may stop it by leaving. */
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

export interface JobRoutesOptions {
  /** Whose jobs a request may see; see `createJobs`. */
  owner?: Owner<Request>
}

/** Answers the requests for the jobs: status, result, cancellation, list. For `app.use('/jobs', jobRoutes(jobs))`, at any depth. */
export function jobRoutes(jobs: Jobs<Request>, { owner }: JobRoutesOptions = {}): RequestHandler {
  return (req, res, next) => {
    const [rest = ''] = pathOf(req.url).split('?', 1)
    answerWith(jobs.route(new ExpressRequest(req), { native: req, mount: req.baseUrl, rest, owner }), res, next, next)
  }
}

/** Writes the answer, or goes on without one; what goes wrong goes the way of all errors in Express. */
function answerWith(answered: Promise<Answer | undefined>, res: Response, goOn: () => void, next: Next): void {
  answered.then((answer) => {
    try {
      if (answer) writeAnswer(res, answer)
      else goOn()
    } catch (error) {
      if (!res.headersSent) next(error) // otherwise somebody else has answered, a time limit for example
    }
  }, next)
}
