import { type Answer, isJobsError, type Job } from '@respond-async/core'
import { type ApiRequest, find } from './api-request'
import { list } from './listing'
import { json, notAllowed, refusal } from './plain-answers'
import { type AccessAnswer, type DetailAnswer, detailOf } from './rows'
import { isFromPage, OWN_FIELD } from './same-origin'

type Handle = (asked: ApiRequest, params: URLSearchParams) => Promise<Answer> | Answer
type ForJob = (asked: ApiRequest, job: Job, params: URLSearchParams) => Promise<Answer>
interface Move {
  readonly writes: boolean
  readonly handle: ForJob
}

const TOP: Readonly<Partial<Record<string, Handle>>> = Object.assign(Object.create(null), { access, jobs: list })

/** Handlers by what follows the job id in the path, and by method. */
const JOB: Readonly<Partial<Record<string, Readonly<Partial<Record<string, Move>>>>>> = Object.assign(Object.create(null), {
  '': { GET: { writes: false, handle: show }, DELETE: { writes: true, handle: purge } },
  cancel: { POST: { writes: true, handle: cancel } },
  retry: { POST: { writes: true, handle: retry } },
} satisfies Record<string, Record<string, Move>>)

export async function answerApi(asked: ApiRequest): Promise<Answer> {
  const { request, path, settings } = asked
  if (!isFromPage(request))
    return refusal(403, 'not_from_page', `Only the dashboard page itself may call this API: same origin, with ${OWN_FIELD}.`)
  try {
    return await dispatch(asked, path)
  } catch (error) {
    if (isJobsError(error, 'invalid_cursor')) return refusal(400, 'invalid_query', error.message)
    // Not possible with these jobs: a store that cannot list, a job that cannot be retried. The message tells which.
    if (isJobsError(error) && !error.code.startsWith('store_')) return refusal(409, error.code, error.message)
    settings.onError(error)
    return refusal(503, 'unavailable', 'The jobs cannot be reached at the moment.')
  }
}

async function dispatch(asked: ApiRequest, path: string): Promise<Answer> {
  const { method, url } = asked.request
  const params = new URL(url, 'http://localhost').searchParams
  const [collection = '', id, action = '', end] = path.split('/', 4)
  if (id === undefined) {
    const handle = TOP[collection]
    if (!handle) return unknown()
    return method === 'GET' ? handle(asked, params) : notAllowed('GET')
  }
  const row = collection === 'jobs' && end === undefined ? JOB[action] : undefined
  if (!row) return unknown()
  const move = Object.hasOwn(row, method) ? row[method] : undefined
  if (!move) return notAllowed(Object.keys(row).join(', '))
  if (move.writes && asked.grant.readOnly) return refusal(403, 'read_only', 'You have read-only access.')
  const job = await find(asked, id)
  return job ? move.handle(asked, job, params) : unknown()
}

function access({ settings, grant }: ApiRequest): Answer {
  const { title, windowJobs, refreshMs } = settings
  return json(200, { title, windowJobs, refreshMs, ...grant } satisfies AccessAnswer)
}

const unknown = () => refusal(404, 'not_found', 'There is no such job.')

async function show({ jobs }: ApiRequest, job: Job, params: URLSearchParams): Promise<Answer> {
  const after = Number(/^\d{1,15}$/.exec(params.get('after') ?? '')?.[0] ?? 0)
  return json(200, { job: detailOf(job), history: await jobs.history(job.id, after) } satisfies DetailAnswer)
}

async function cancel({ jobs }: ApiRequest, { id }: Job): Promise<Answer> {
  const after = await jobs.cancel(id, 'Canceled by an operator.')
  return after && after.goneAt === undefined ? json(200, detailOf(after)) : unknown()
}

async function retry({ jobs, platform }: ApiRequest, { id }: Job): Promise<Answer> {
  return json(201, detailOf(await jobs.retry(id, platform)))
}

async function purge({ jobs }: ApiRequest, { id }: Job): Promise<Answer> {
  return (await jobs.purge(id)) ? json(200, { purged: id }) : unknown()
}
