import {
  type Body,
  type BodyStream,
  isStream,
  type JobHandle,
  type Jobs,
  type OperationOptions,
  type Owner,
  pathOf,
} from '@respond-async/core'
import { toResponse } from './web-answer'
import { captureResponse } from './web-capture'
import { platformOf, unwrappedHandle } from './web-handle'
import { detachRequest, rebuildRequest } from './web-replay'
import { type WebSubmission, webSubmission } from './web-submission'

export { contentOf, fieldsFor, toResponse } from './web-answer'
export { type Capture, captureResponse, keptBody } from './web-capture'
export { platformOf, unwrappedHandle } from './web-handle'
export { contentInit, detachRequest, rebuildRequest } from './web-replay'
export { requestScope, type Scope } from './web-scope'
export { hasSocketPairs, isTooBig, socketResponse } from './web-socket'
export {
  type BodySource,
  fieldsOf,
  readBody,
  type WebSubmission,
  webSubmission,
} from './web-submission'

/** The request that a wrapped handler gets: its own, with the job on it. */
export type RequestWithJob<R extends Request = Request> = R & { readonly job: JobHandle }

/** What `respondAsync` takes in place of the operation's name. */
export interface FetchOptions<Native = Request> extends OperationOptions<Native> {
  /** Name of the operation, unique among these jobs. */
  operation: string
}

/**
 * Wraps a fetch handler: it answers 202 and runs after that; a status URL tells how it goes and what it answered.
 *
 * Further arguments (`env` and `ctx`, Deno's `info`) are handed on as they are; in a run by another process they are what its
 * platform gave.
 *
 * @throws {JobsError} `invalid_option`, `duplicate_operation`
 */
// `R & object`: the request that the handler names outweighs that of its jobs, where it is more.
export function respondAsync<Rest extends unknown[], R extends Request = Request>(
  jobs: Jobs<R & object>,
  operation: string | FetchOptions<R>,
  handler: (request: RequestWithJob<R>, ...rest: Rest) => Response | Promise<Response>,
): (request: R, ...rest: Rest) => Promise<Response>
export function respondAsync<Rest extends unknown[]>(
  jobs: Jobs<Request>,
  operation: string | FetchOptions,
  handler: (request: RequestWithJob, ...rest: Rest) => Response | Promise<Response>,
): (request: Request, ...rest: Rest) => Promise<Response> {
  const { operation: name, ...options } = typeof operation === 'string' ? { operation } : operation
  jobs.define(name, options, (execution) => {
    const { handle, request, requestBody, platform } = execution
    const taken = execution.live as Live<Rest> | undefined // what is passed to accept below
    const run = async () => {
      const own = taken ? detachRequest(taken.native, bodyFor(taken.body, requestBody)) : rebuildRequest(request, requestBody)
      const rest = taken?.rest ?? ([platform?.env, platform?.context] as unknown as Rest) // as Workers call a handler
      return captureResponse(await handler(withJob(own, handle), ...rest), execution)
    }
    return taken ? taken.scope(run) : run()
  })
  return async (request, ...rest) => {
    const answer = await jobs.accept(name, Object.assign(webSubmission(request), { rest }), platformOf(rest[0], rest[1]))
    return answer ? toResponse(answer) : handler(withJob(request, unwrappedHandle(name, request)), ...rest)
  }
}

type Live<Rest> = WebSubmission & { readonly rest: Rest }

/** The body of an inline run: what was read of the live request, unless that is large and was stored in pieces. */
export const bodyFor = (taken: Body | BodyStream | null, stored: Body | BodyStream | null): Body | BodyStream | null =>
  isStream(stored) ? stored : taken

/** Puts the job where handlers of all fetch adapters find it. */
export const withJob = <R extends Request>(request: R, job: JobHandle): RequestWithJob<R> =>
  Object.defineProperty(request, 'job', { value: job, configurable: true }) as RequestWithJob<R>

export interface JobRoutesOptions<Native = Request> {
  /** Path of the job routes as this handler sees it. @default the `path` of `createJobs`, `/jobs` */
  path?: string
  /** Whose jobs a request may see; see `createJobs`. */
  owner?: Owner<Native>
}

/** Answers the requests for the job routes: status, result, cancellation, list. `undefined`: not one of them. */
export function jobRoutes<R extends Request = Request>(
  jobs: Jobs<R>,
  { path = jobs.path, owner }: JobRoutesOptions<R> = {},
): (request: R, ...rest: unknown[]) => Promise<Response | undefined> {
  const mount = path.replace(/\/+$/, '')
  return async (request, ...rest) => {
    const [pathname = ''] = pathOf(request.url).split(/[?#]/, 1)
    if (!`${pathname}/`.startsWith(`${mount}/`)) return undefined
    const platform = platformOf(rest[0], rest[1])
    const answer = await jobs.route(request, { native: request, mount, rest: pathname.slice(mount.length), owner, platform })
    return answer && toResponse(answer)
  }
}
