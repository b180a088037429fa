import type { Execute, JobHandle, Jobs, OperationOptions, Owner } from '@respond-async/core'
import { asyncScope, bodyFor, platformOf, socketResponse, toResponse, unwrappedHandle, withJob } from '@respond-async/core/fetch'
import { checkJobs, operationOf } from '@respond-async/core/store'
import { detachedRequest, rebuiltRequest } from './handler-request'
import { placeOf } from './mount'
import { captureReturned } from './response'
import { type WorkersSubmission, workersSubmission } from './submission'

/** The request of a wrapped handler: the router's, with its job as `request.job`. */
export type WithJob<R extends Request = Request> = R & { readonly job: JobHandle }

/**
 * A handler as Workers and itty-router call it. It returns a `Response`, or a value that is sent as JSON, as by `AutoRouter`. If it
 * returns `undefined` or `null` it passes the request on, which fails the job.
 */
export type WorkersHandler<Env = Cloudflare.Env, R extends Request = Request> = (
  request: WithJob<R>,
  env: Env,
  ctx: ExecutionContext,
) => unknown

/** Options of {@link respondAsync}. */
export interface RespondAsyncOptions<R extends Request = Request> extends OperationOptions<R> {
  /** Name of the operation, unique among these jobs. */
  operation: string
}

/**
 * Wraps a handler: a request is answered 202 and the handler runs afterwards. A status URL shows its progress and its response. The
 * handler is unchanged, but gets a request of its own, because the live one ends with the answer; properties that the router and
 * earlier middleware have set on it (`params`, `query`, `user`) are copied. `request.job` reports progress and has the signal that a
 * cancel aborts.
 *
 * If another isolate runs the job, the handler gets the stored request, with `params`, `query` and `route`, what `carry` returned, and
 * that isolate's `env` and `ctx`.
 *
 * @param operation name of the operation, unique among these jobs, or options with that name
 * @throws {JobsError} `invalid_option`, `duplicate_operation`
 */
// `R & object` makes inference prefer the request type of the handler to that of `jobs`.
export function respondAsync<Env = Cloudflare.Env, R extends Request = Request>(
  jobs: Jobs<R & object>,
  operation: string | RespondAsyncOptions<R>,
  handler: WorkersHandler<Env, R>,
): (request: R, env?: Env, ctx?: ExecutionContext) => Promise<Response> {
  const { operation: name, ...options } = operationOf(jobs, operation)
  const scope = asyncScope()
  const execute: Execute = (execution) => {
    const { handle, live, request: stored, requestBody, platform } = execution
    const taken = live as WorkersSubmission<R> | undefined // passed to `accept` below
    const run = async () => {
      const request = taken ? detachedRequest(taken, bodyFor(taken.body, requestBody)) : rebuiltRequest<R>(stored, requestBody)
      const { env, ctx } = taken ?? { env: platform?.env, ctx: platform?.context }
      return captureReturned(await call(request, handle, env, ctx), execution)
    }
    return taken ? run() : scope(run)
  }
  jobs.define(name, options, execute, [handler])
  // `env` and `ctx` are those that this Worker was called with, by a request or an alarm.
  const call = (request: R, job: JobHandle, env: unknown, ctx: unknown) =>
    handler(withJob(request, job), env as Env, ctx as ExecutionContext)
  return async (request, env, ctx) => {
    const answer = await jobs.accept(name, workersSubmission(request, env, ctx), platformOf(env, ctx))
    if (answer) return toResponse(answer)
    const returned = await call(request, unwrappedHandle(name, request), env, ctx)
    return returned as Response // or any other value that the router takes
  }
}

/** Options of {@link jobRoutes}. */
export interface JobRoutesOptions<R extends Request = Request> {
  /** Returns whose request it is, and so whose jobs it may see. @default the `owner` of `createJobs` */
  owner?: Owner<R> | undefined
}

/**
 * Makes a handler for the job routes: status, result, cancel, list. It resolves to `undefined` for a request to none of them, and the
 * router goes on.
 *
 * On a router: `router.all('/jobs/*', jobRoutes(jobs))`. In a plain fetch handler it answers below the `path` of `createJobs`.
 */
export function jobRoutes<R extends Request = Request>(
  jobs: Jobs<R>,
  { owner, ...others }: JobRoutesOptions<R> = {},
): (request: R, env?: unknown, ctx?: unknown) => Promise<Response | undefined> {
  checkJobs('jobRoutes', jobs, others)
  return async (request, env, ctx) => {
    const place = placeOf(request, jobs.path)
    const answer =
      place && (await jobs.route(request, { native: request, owner, platform: platformOf(env, ctx), upgrades: true, ...place }))
    if (answer?.messages) return socketResponse(answer.messages)
    return answer?.held instanceof Response ? answer.held : answer && toResponse(answer)
  }
}
