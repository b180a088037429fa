import { type Answer, JSON_TYPE } from './answer'
import type { Context } from './context'
import { isJobsError } from './errors'
import type { JobStatus } from './job'
import { isStatus, TRANSITIONS } from './lifecycle'
import { problem } from './problems'
import type { JobRequest } from './request'
import { documentText } from './status-document'
import type { JobQuery, JobStore } from './store'

const DEFAULT_LIMIT = 20
const MAX_LIMIT = 100

/** What a client may list: only its own jobs. */
export type OwnersQuery = JobQuery & { readonly owner: string }

/** GET list: an owner's jobs, newest first, a page at a time. Only for a store that lists. */
export async function getList(context: Context, owner: string, mount: string, request: JobRequest): Promise<Answer> {
  const params = new URLSearchParams(/\?.*/.exec(request.url)?.[0]) // works for what `URL` refuses, such as the path "//"
  const query = readQuery(params, owner)
  if (typeof query === 'string') return problem('invalid-query', query)
  try {
    const { jobs, cursor } = await (context.store as Required<JobStore>).list(query)
    const shown = jobs.map((job) => documentText(context, job, `${mount}/${job.id}`, context.pacing.retryAfterMs(job)))
    const headers: Record<string, string> = { 'Content-Type': JSON_TYPE, 'Cache-Control': 'private, no-store' }
    let more = ''
    if (cursor !== undefined) {
      params.set('cursor', cursor)
      const next = `${mount || '/'}?${params}`
      headers.Link = `<${next}>; rel="next"`
      more = `,"next":${JSON.stringify(next)}`
    }
    return { status: 200, headers, body: `{"jobs":[${shown.join()}]${more}}` }
  } catch (error) {
    if (isJobsError(error, 'invalid_cursor')) return problem('invalid-query', 'cursor is not from this list.')
    throw error
  }
}

/** The query, or what is wrong with it. Unknown parameters are ignored. */
function readQuery(params: URLSearchParams, owner: string): OwnersQuery | string {
  const limit = params.get('limit') ?? `${DEFAULT_LIMIT}`
  if (!/^\d{1,3}$/.test(limit) || Number(limit) < 1 || Number(limit) > MAX_LIMIT)
    return `limit must be a whole number from 1 to ${MAX_LIMIT}.`
  const status = params.getAll('status').flatMap((list) => list.split(','))
  if (!status.every(isStatus)) return `status must be one of ${Object.keys(TRANSITIONS).join(', ')}.`
  return {
    owner,
    limit: Number(limit),
    status: status.length > 0 ? (status as JobStatus[]) : undefined,
    operation: params.get('operation') ?? undefined,
    cursor: params.get('cursor') ?? undefined,
  }
}
