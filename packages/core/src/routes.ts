import { ownerOf } from './accept'
import { type Answer, forMethod } from './answer'
import { cancelJob, deleteJob } from './cancel'
import { type Context, reporter } from './context'
import { crossOrigin, optionsAnswer } from './cors'
import type { Platform } from './engine'
import { getEvents } from './events'
import { isDue, JOB_ID, type Job } from './job'
import { getList } from './list'
import type { Owner } from './options'
import { problem, unavailable } from './problems'
import { repair } from './repair'
import type { JobRequest } from './request'
import { getResult } from './result'
import { getSocket, wantsSocket } from './sockets'
import { getStatus } from './status'
import { getStream } from './stream'

/** What an adapter knows of a request for the job routes. */
export interface RouteMatch<Native> {
  /** The framework's own request, for `owner`. */
  readonly native: Native
  /** Path of the job routes as the client sees it, without a trailing slash. */
  readonly mount: string
  /** The rest of the path, without the query: `''`, `/<id>`, `/<id>/result`. */
  readonly rest: string
  readonly owner?: Owner<never>
  readonly platform?: Platform
  /** Whether the adapter can open a WebSocket: the answer may then be a 101 with `messages` or `held`. */
  readonly upgrades?: boolean
}

type Handle = (
  context: Context,
  job: Job,
  self: string,
  request: JobRequest,
  platform: Platform | undefined,
  upgrades: boolean | undefined,
) => Promise<Answer> | Answer

/** WebSocket and server-sent events share a URL: without a possible and requested upgrade it sends events (RFC 9110 7.8). */
const getChanges: Handle = (context, job, self, request, _platform, upgrades) =>
  (upgrades && wantsSocket(request) ? getSocket : getEvents)(context, job, self, request)

/** Handlers by what follows the job id in the path, and by method. */
const ROUTES: Readonly<Record<string, Readonly<Record<string, Handle>>>> = {
  '': { GET: getStatus, HEAD: getStatus, DELETE: deleteJob },
  result: { GET: getResult, HEAD: getResult },
  cancel: { POST: cancelJob },
  events: { GET: getChanges, HEAD: getEvents },
  stream: { GET: getStream, HEAD: getStream },
}
const LIST_METHODS = ['GET', 'HEAD']

/** Answers a request under the mount path of the job routes. `undefined`: it is for none of them. */
export async function route(context: Context, request: JobRequest, match: RouteMatch<unknown>): Promise<Answer | undefined> {
  const [, id = '', action = '', ...end] = match.rest.split('/')
  const owner = match.owner ?? context.options.owner
  const row = id !== '' && Object.hasOwn(ROUTES, action) ? ROUTES[action] : undefined
  if (end.some(Boolean) || (id ? !row : action || !owner || !context.store.list)) return undefined
  const methods = row ? Object.keys(row) : LIST_METHODS
  if (!methods.includes(request.method)) {
    const allow = methods.join(', ')
    const told =
      request.method === 'OPTIONS' ? optionsAnswer(context, request, allow) : problem('method-not-allowed', undefined, { Allow: allow })
    return crossOrigin(context, request, told)
  }

  // The `path` option is the path as clients see it; without it the mount path of this request is.
  // A path that begins with two slashes would be read as a host.
  const mount = context.options.path === undefined ? `${context.options.baseUrl ?? ''}${match.mount.replace(/^\/+/, '/')}` : context.mount
  const who = owner ? await ownerOf(owner, match.native as never) : null
  let answer: Answer
  try {
    if (row) answer = await forJob(context, row[request.method] as Handle, id, who, mount, request, match)
    // No list for an anonymous client: it would be that of all anonymous clients.
    else answer = who === null ? problem('job-not-found') : await getList(context, who, mount, request)
  } catch (error) {
    answer = unavailable(context, error, `${request.method} ${action || 'status'}`)
  }
  return forMethod(request.method, crossOrigin(context, request, answer))
}

/** Unknown, malformed and another owner's ids get the same answer, so that clients cannot tell them apart. */
async function forJob(
  context: Context,
  handle: Handle,
  id: string,
  who: string | null,
  mount: string,
  request: JobRequest,
  { platform, upgrades }: RouteMatch<unknown>,
): Promise<Answer> {
  const stored = JOB_ID.test(id) ? await context.store.get(id, 'head') : null
  if (!stored || stored.owner !== who) return problem('job-not-found')
  let job: Job | null = stored
  if (isDue(stored, context.now()))
    try {
      job = await repair(context, stored, platform)
    } catch (error) {
      reporter(context, 'repair', stored)(error) // the store takes no writes: show the job as it is
    }
  if (!job) return problem('job-not-found')
  return job.goneAt === undefined ? handle(context, job, `${mount}/${job.id}`, request, platform, upgrades) : problem('job-gone')
}
