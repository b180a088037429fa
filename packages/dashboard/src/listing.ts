import { type Answer, isJobsError, type Job, type JobStatus, type Place, placeOf, TRANSITIONS } from '@respond-async/core'
import { type ApiRequest, find } from './api-request'
import { json, refusal } from './plain-answers'
import { type ListAnswer, rowOf } from './rows'

/** Most jobs in a page of a list. */
const PAGE = 100

/**
 * Lists jobs, newest first: a page, those made after a position (`since`), or those with given `ids` that still exist. An `owner` in the
 * query can only narrow what the request may see; an empty one means jobs without an owner.
 */
export async function list(asked: ApiRequest, params: URLSearchParams): Promise<Answer> {
  const ids = params.get('ids')
  if (ids !== null) return json(200, { jobs: (await named(asked, ids)).map(rowOf) } satisfies ListAnswer)
  const status = params.getAll('status').flatMap((list) => list.split(','))
  if (status.some((word) => !Object.hasOwn(TRANSITIONS, word))) return refusal(400, 'invalid_query', 'There is no such state.')
  const { jobs, grant } = asked
  const owner = grant.owner ?? (params.has('owner') ? params.get('owner') || null : undefined)
  const since = placeOf(params.get('since') ?? undefined)
  try {
    const page = await jobs.list({
      owner,
      status: status.length > 0 ? (status as JobStatus[]) : undefined, // each was checked above
      operation: params.get('operation') || undefined,
      limit: PAGE,
      cursor: params.get('cursor') ?? undefined,
    })
    const fresh = since ? page.jobs.filter((job) => isNewer(job, since)) : page.jobs
    const cursor = fresh.length < page.jobs.length ? undefined : page.cursor
    return json(200, { jobs: fresh.map(rowOf), cursor } satisfies ListAnswer)
  } catch (error) {
    if (owner !== undefined || !isJobsError(error, 'invalid_option')) throw error
    return refusal(409, 'owner_required', 'This store lists the jobs of one owner at a time.')
  }
}

async function named(asked: ApiRequest, ids: string): Promise<Job[]> {
  const found = await Promise.all(ids.split(',', PAGE).map((id) => find(asked, id)))
  return found.filter((job) => job !== null)
}

const isNewer = (job: Job, than: Place) => job.createdAt > than.createdAt || (job.createdAt === than.createdAt && job.id > than.id)
