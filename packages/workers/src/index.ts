import type { JobHandle, Jobs, OperationOptions, Owner } from '@respond-async/core'
import { captureResponse, platformOf, toResponse, unwrappedHandle } from '@respond-async/core/fetch'
import { mountFinder } from './mount'
import { giveJob, handlerRequest, replayRequest } from './own-request'
import { type WorkersSubmission, workersSubmission } from './submission'

/** The request of a wrapped handler: the router's, with the job on it. */
export type WithJob<R extends Request = Request> = R & { readonly job: JobHandle }

/** A handler as Workers and itty-router call it. */
export type WorkersHandler<R extends Request = Request, Env = Cloudflare.Env> = (
  request: WithJob<R>,
  env: Env,
  ctx: ExecutionContext,
) => Response | Promise<Response>

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
export function respondAsync<R extends Request = Request, Env = Cloudflare.Env>(
  jobs: Jobs<R>,
  operation: string | RespondAsyncOptions<R>,
  handler: WorkersHandler<R, Env>,
): (request: R, env: Env, ctx: ExecutionContext) => Promise<Response> {
  const { operation: name, ...options } = typeof operation === 'string' ? { operation } : operation
  jobs.define(name, options, async ({ handle, live, request: stored, requestBody, platform, maxResultBytes }) => {
    const taken = live as WorkersSubmission<R> | undefined // what is passed to accept below
    const request = taken ? handlerRequest(taken.native, taken.body) : replayRequest<R>(stored, requestBody)
    const env = platform?.env as Env // what this Worker was called with
    const ctx = platform?.context as ExecutionContext
    return captureResponse(await handler(giveJob(request, handle), env, ctx), maxResultBytes)
  })
  return async (request, env, ctx) => {
    const answer = await jobs.accept(name, workersSubmission(request), platformOf(env, ctx))
    return answer ? toResponse(answer) : handler(giveJob(request, unwrappedHandle(name, request)), env, ctx)
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
  const findMount = mountFinder(jobs.path)
  return async (request, env, ctx) => {
    const place = findMount(request)
    const answer = place && (await jobs.route(request, { native: request, owner, platform: platformOf(env, ctx), ...place }))
    return answer && toResponse(answer)
  }
}
