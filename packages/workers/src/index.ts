import type { JobHandle, Jobs, OperationOptions, Owner } from '@respond-async/core'
import { bodyFor, platformOf, socketResponse, toResponse, unwrappedHandle, withJob } from '@respond-async/core/fetch'
import { detachedRequest, rebuiltRequest } from './handler-request'
import { placeOf } from './mount'
import { captureReturned } from './response'
import { type WorkersSubmission, workersSubmission } from './submission'

/** The request of a wrapped handler: the router's, with the job on it. */
export type WithJob<R extends Request = Request> = R & { readonly job: JobHandle }

/**
 * A handler as Workers and itty-router call it. It answers with a `Response`; anything else is sent as JSON, as `AutoRouter` does,
 * and with nothing it passes the request on, which fails the job.
 */
export type WorkersHandler<Env = Cloudflare.Env, R extends Request = Request> = (
  request: WithJob<R>,
  env: Env,
  ctx: ExecutionContext,
) => unknown

/** What `respondAsync` takes in place of the operation's name. */
export interface RespondAsyncOptions<R extends Request = Request> extends OperationOptions<R> {
  /** Name of the operation, unique among these jobs. */
  operation: string
}

/**
 * Wraps a handler: the route answers 202 and runs it after that; a status URL tells how it goes and what it answered. The handler
 * stays as it is, but its request is one of its own, because the live one ends with the answer; what a router and earlier
 * middleware had put on it (`params`, `query`, `user`) comes along. `request.job` reports progress and hears of a cancellation.
 *
 * A run in another isolate gets the stored request, with `params`, `query` and `route`, what `carry` kept, and that isolate's
 * `env` and `ctx`.
 *
 * @throws {JobsError} `invalid_option`, `duplicate_operation`
 */
// `R & object`: the request that the handler names outweighs that of its jobs, where it is more.
export function respondAsync<Env = Cloudflare.Env, R extends Request = Request>(
  jobs: Jobs<R & object>,
  operation: string | RespondAsyncOptions<R>,
  handler: WorkersHandler<Env, R>,
): (request: R, env?: Env, ctx?: ExecutionContext) => Promise<Response> {
  const { operation: name, ...options } = typeof operation === 'string' ? { operation } : operation
  jobs.define(name, options, (execution) => {
    const { handle, live, request: stored, requestBody, platform } = execution
    const taken = live as WorkersSubmission<R> | undefined // what is passed to accept below
    const run = async () => {
      const request = taken ? detachedRequest(taken, bodyFor(taken.body, requestBody)) : rebuiltRequest<R>(stored, requestBody)
      const { env, ctx } = taken ?? { env: platform?.env, ctx: platform?.context }
      return captureReturned(await call(request, handle, env, ctx), execution)
    }
    return taken ? taken.scope(run) : run()
  })
  // Both are what this Worker was called with: by a request, or by its alarm.
  const call = (request: R, job: JobHandle, env: unknown, ctx: unknown) =>
    handler(withJob(request, job), env as Env, ctx as ExecutionContext)
  return async (request, env, ctx) => {
    const answer = await jobs.accept(name, workersSubmission(request, env, ctx), platformOf(env, ctx))
    if (answer) return toResponse(answer)
    const returned = await call(request, unwrappedHandle(name, request), env, ctx)
    return returned as Response // or what else the router may be given
  }
}

export interface JobRoutesOptions<R extends Request = Request> {
  /** Whose jobs a request may see; see `createJobs`. */
  owner?: Owner<R>
}

/**
 * Answers the requests for the jobs: status, result, cancellation, list. `undefined`: not one of them, the router goes on.
 *
 * On a router `router.all('/jobs/*', jobRoutes(jobs))`; in a plain fetch handler it looks for the `path` of `createJobs`.
 */
export function jobRoutes<R extends Request = Request>(
  jobs: Jobs<R>,
  { owner }: JobRoutesOptions<R> = {},
): (request: R, env?: unknown, ctx?: unknown) => Promise<Response | undefined> {
  return async (request, env, ctx) => {
    const place = placeOf(request, jobs.path)
    const answer =
      place && (await jobs.route(request, { native: request, owner, platform: platformOf(env, ctx), upgrades: true, ...place }))
    if (answer?.messages) return socketResponse(answer.messages)
    return answer?.held instanceof Response ? answer.held : answer && toResponse(answer)
  }
}
