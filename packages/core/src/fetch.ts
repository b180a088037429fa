import {
  type Body,
  type BodyStream,
  type Execute,
  isStream,
  type JobHandle,
  type Jobs,
  type OperationOptions,
  type Owner,
  pathOf,
} from '@respond-async/core'
import { checkJobs, operationOf } from '@respond-async/core/store'
import { toResponse } from './web-answer'
import { captureResponse } from './web-capture'
import { platformOf, unwrappedHandle } from './web-handle'
import { detachRequest, rebuildRequest } from './web-replay'
import { asyncScope } from './web-scope'
import { type WebSubmission, webSubmission } from './web-submission'

export { contentOf, fieldsFor, toResponse } from './web-answer'
export { type Capture, captureResponse, keptBody } from './web-capture'
export { platformOf, unwrappedHandle } from './web-handle'
export { contentInit, detachRequest, rebuildRequest } from './web-replay'
export { asyncScope, type Scope } from './web-scope'
export { hasSocketPairs, isTooBig, socketResponse } from './web-socket'
export {
  type BodySource,
  fieldsOf,
  readBody,
  type WebSubmission,
  webSubmission,
} from './web-submission'

/** The request that a wrapped handler gets, with its job as `request.job`. */
export type RequestWithJob<R extends Request = Request> = R & { readonly job: JobHandle }

/** Options of {@link respondAsync}. */
export interface FetchOptions<Native = Request> extends OperationOptions<Native> {
  /** Name of the operation, unique among these jobs. */
  operation: string
}

/**
 * Wraps a fetch handler: a request is answered 202 and the handler runs afterwards. A status URL shows its progress and its response.
 *
 * Further arguments (`env` and `ctx`, Deno's `info`) are passed on unchanged. When another process runs the handler, they are `env` and
 * `ctx` of its platform.
 *
 * @param operation name of the operation, unique among these jobs, or options with that name
 * @throws {JobsError} `invalid_option`, `duplicate_operation`
 */
// `R & object` makes inference prefer the request type of the handler to that of `jobs`.
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
  const { operation: name, ...options } = operationOf(jobs, operation)
  const scope = asyncScope()
  const execute: Execute = (execution) => {
    const { handle, request, requestBody, platform } = execution
    const taken = execution.live as Live<Rest> | undefined // passed to `accept` below
    const run = async () => {
      const own = taken ? detachRequest(taken.native, bodyFor(taken.body, requestBody)) : rebuildRequest(request, requestBody)
      const rest = taken?.rest ?? ([platform?.env, platform?.context] as unknown as Rest) // as Workers call a handler
      return captureResponse(await handler(withJob(own, handle), ...rest), execution)
    }
    return taken ? run() : scope(run)
  }
  jobs.define(name, options, execute, [handler])
  return async (request, ...rest) => {
    const answer = await jobs.accept(name, Object.assign(webSubmission(request), { rest }), platformOf(rest[0], rest[1]))
    return answer ? toResponse(answer) : handler(withJob(request, unwrappedHandle(name, request)), ...rest)
  }
}

type Live<Rest> = WebSubmission & { readonly rest: Rest }

/** The body of an inline run: the one that was read from the live request, or the stored one if that is a stream. */
export const bodyFor = (taken: Body | BodyStream | null, stored: Body | BodyStream | null): Body | BodyStream | null =>
  isStream(stored) ? stored : taken

/** Sets `request.job`. */
export const withJob = <R extends Request>(request: R, job: JobHandle): RequestWithJob<R> =>
  Object.defineProperty(request, 'job', { value: job, configurable: true }) as RequestWithJob<R>

/** Options of {@link jobRoutes}. */
export interface JobRoutesOptions<Native = Request> {
  /** Path of the job routes as this handler sees it. @default the `path` of `createJobs`, or `/jobs` */
  path?: string | undefined
  /** Returns whose request it is, and so whose jobs it may see. @default the `owner` of `createJobs` */
  owner?: Owner<Native> | undefined
}

/** Makes a handler for the job routes: status, result, cancel, list. It resolves to `undefined` for a request to none of them. */
export function jobRoutes<R extends Request = Request>(
  jobs: Jobs<R>,
  { path = jobs?.path, owner, ...others }: JobRoutesOptions<R> = {},
): (request: R, ...rest: unknown[]) => Promise<Response | undefined> {
  checkJobs('jobRoutes', jobs, others)
  const mount = path.replace(/\/+$/, '')
  return async (request, ...rest) => {
    const pathname = pathOf(request.url).replace(/\?.*/, '')
    if (!`${pathname}/`.startsWith(`${mount}/`)) return undefined
    const platform = platformOf(rest[0], rest[1])
    const answer = await jobs.route(request, { native: request, owner, platform, mount, rest: pathname.slice(mount.length) })
    return answer && toResponse(answer)
  }
}
