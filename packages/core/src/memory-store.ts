import { sizeOf } from './answer'
import { JobsError } from './errors'
import { type Body, isDue, type Job, type JobEvent } from './job'
import { cursorOf, type Place, placeOf } from './place'
import { checkedOptions, whole } from './rules'
import type { JobQuery, JobStore, JobView } from './store'

/** Options of {@link memoryStore}. */
export interface MemoryStoreOptions {
  /** Most jobs stored. Beyond it the job that finished first is dropped; if none has finished, a new job is refused. @default 100_000 */
  maxJobs?: number | undefined
  /** Most bytes of bodies stored; beyond it the same happens. @default 268_435_456 (256 MiB) */
  maxBytes?: number | undefined
  /** Events of history kept for each job. 0: none, and the store has no `events`. @default 0 */
  maxEvents?: number | undefined
}

/**
 * Stores jobs in the memory of this process: a restart loses them, and other processes cannot see them. For development, tests and
 * single-process services that can live with that. Never grows beyond `maxJobs` and `maxBytes`, and never drops an unfinished job.
 *
 * @throws {JobsError} `invalid_option`
 */
export function memoryStore(options: MemoryStoreOptions = {}): JobStore {
  const { maxJobs, maxBytes, maxEvents } = checkedOptions<Required<MemoryStoreOptions>>('memoryStore', options, {
    maxJobs: whole(100_000, 1),
    maxBytes: whole(268_435_456),
    maxEvents: whole(0),
  })
  const jobs = new Map<string, Job>()
  const keys = new Map<string, string>()
  /** Ids of finished jobs, which may be dropped, first finished first. */
  const finished = new Set<string>()
  /**
   * Iterator that finds the oldest. It is kept, because a new one would walk over the empty slots of all that were dropped before; but not
   * when a job is removed: in V8 it holds every table that the set has had since its last step, with all ids in them.
   */
  let oldest = finished.values()
  const histories = new Map<string, JobEvent[]>()
  let bytes = 0
  let finishedBytes = 0

  const drop = (job: Job) => {
    const size = bodyBytes(job)
    jobs.delete(job.id)
    if (finished.delete(job.id)) finishedBytes -= size
    histories.delete(job.id)
    freeKey(job)
    bytes -= size
  }
  const freeKey = (job: Job) => keys.delete(keyOf(job)) // without a key it is in no entry
  const makeRoom = (jobsMore: number, bytesMore: number, but: string) => {
    // Checked first: nothing is dropped for a job that will not fit anyway.
    if (jobs.size - finished.size + jobsMore > maxJobs || bytes - finishedBytes + bytesMore > maxBytes) throw full()
    for (let fromStart = false; jobs.size + jobsMore > maxJobs || bytes + bytesMore > maxBytes; ) {
      const { value: id, done } = oldest.next()
      if (!done) {
        if (id !== but) drop(jobs.get(id) as Job)
      } else if (!fromStart) {
        fromStart = true
        oldest = finished.values()
      } else throw full() // only the job that grows is left
    }
  }
  const full = () => new JobsError('store_full', 'The memory store is full of unfinished jobs; raise maxJobs or maxBytes.')
  const put = (job: Job, before: Job | undefined, events: readonly JobEvent[] = []) => {
    const size = bodyBytes(job)
    const more = before ? size - bodyBytes(before) : size
    if (size > maxBytes) throw new JobsError('too_large', `The memory store takes bodies of at most ${maxBytes} bytes; raise maxBytes.`)
    if (!before || more > 0) makeRoom(before ? 0 : 1, more, job.id)
    if (before && before.idempotencyKey !== job.idempotencyKey) freeKey(before)
    bytes += more
    jobs.set(job.id, job)
    if (job.idempotencyKey !== undefined) keys.set(keyOf(job), job.id)
    if (job.finishedAt !== undefined || job.goneAt !== undefined) {
      finishedBytes += finished.has(job.id) ? more : size
      finished.add(job.id)
    }
    if (maxEvents > 0 && events.length > 0)
      histories.set(job.id, [...(histories.get(job.id) ?? []), ...events.map(frozenCopy)].slice(-maxEvents))
  }

  return {
    capabilities: {
      ...{ durable: false, shared: false, due: true, list: true, listAll: true, events: maxEvents > 0, watch: false },
      ...{ maxRecordBytes: null, maxBodyBytes: maxBytes },
    },
    async insert(job, events) {
      const there = jobs.get(job.id) ?? (job.idempotencyKey === undefined ? undefined : jobs.get(keys.get(keyOf(job)) ?? ''))
      if (there) return { inserted: false, job: shown(there, 'head') }
      put(own(job), undefined, events)
      return { inserted: true, job }
    },
    async get(id, view) {
      const job = jobs.get(id)
      return job ? shown(job, view) : null
    },
    async replace(next, events) {
      const before = jobs.get(next.id)
      if (!before || before.version !== next.version - 1) return { replaced: false, current: before ? shown(before, 'head') : null }
      put(own(next, before), before, events)
      return { replaced: true }
    },
    async remove(id, version) {
      const job = jobs.get(id)
      if (!job || (version !== undefined && job.version !== version)) return false
      drop(job)
      oldest = finished.values()
      return true
    },
    async holder(owner, key) {
      const there = jobs.get(keys.get(keyOf({ owner, idempotencyKey: key })) ?? '')
      return there ? shown(there, 'head') : null
    },
    async due(before, limit) {
      const due: Job[] = []
      for (const job of jobs.values()) if (isDue(job, before)) due.push(job)
      return due
        .sort((a, b) => (a.dueAt as number) - (b.dueAt as number))
        .slice(0, limit)
        .map((job) => shown(job, 'head'))
    },
    async list(query) {
      const after = placeOf(query.cursor)
      const matching = [...jobs.values()].filter((job) => matches(job, query) && (!after || newerFirst(after, job) < 0)).sort(newerFirst)
      const page = matching.slice(0, query.limit)
      const last = matching.length > page.length ? page.at(-1) : undefined
      return { jobs: page.map((job) => shown(job, 'head')), cursor: last && cursorOf(last) }
    },
    ...(maxEvents > 0 && {
      async events(id: string, after: number, limit: number) {
        const all = histories.get(id) ?? []
        const from = all.findIndex((event) => event.version > after)
        const truncated = all.length > 0 && (all[0] as JobEvent).version > after + 1
        return { events: from < 0 ? [] : all.slice(from, from + limit), truncated }
      },
    }),
    async close() {},
  }
}

/** A copy of the record for the store, so that no caller can change it. Unchanged parts are shared with the record before. */
function own(job: Job, before?: Job): Job {
  const copy: { -readonly [Name in keyof Job]: Job[Name] } = { ...job }
  // Written out, because every write runs this, and a loop over the names takes twice as long.
  if (copy.meta !== before?.meta) copy.meta = frozenCopy(copy.meta)
  if (copy.error !== before?.error) copy.error = frozenCopy(copy.error)
  if (copy.request !== before?.request) copy.request = frozenCopy(copy.request)
  if (copy.response !== before?.response) copy.response = frozenCopy(copy.response)
  copy.requestBody = ownBody(copy.requestBody, before?.requestBody)
  copy.responseBody = ownBody(copy.responseBody, before?.responseBody)
  return Object.freeze(copy)
}
/** Bytes are copied, also to release a larger buffer that they may be a view of. */
const ownBody = (body: Job['requestBody'], before: Job['requestBody']) =>
  body === undefined ? before : body === before || !isBytes(body) ? body : new Uint8Array(body)

/** The record for a caller: the frozen one itself, with copies of bytes, which cannot be frozen. */
function shown(job: Job, view: JobView | undefined): Job {
  const { requestBody, responseBody } = job
  if (!isBytes(requestBody) && !isBytes(responseBody)) return job
  if (view === 'head') return { ...job, requestBody: undefined, responseBody: undefined }
  return { ...job, requestBody: ownBody(requestBody, null), responseBody: ownBody(responseBody, null) }
}

const isBytes = (body: Body | null | undefined): body is Uint8Array => typeof body === 'object' && body !== null

function frozenCopy<T>(data: T): T {
  if (typeof data !== 'object' || data === null) return data
  const copy = (Array.isArray(data) ? [...data] : { ...data }) as Record<string, unknown>
  for (const name of Object.keys(copy)) if (typeof copy[name] === 'object') copy[name] = frozenCopy(copy[name])
  return Object.freeze(copy) as T // the same members, deeply
}

const keyOf = ({ owner, idempotencyKey }: Pick<Job, 'owner' | 'idempotencyKey'>) => JSON.stringify([owner, idempotencyKey])

const bodyBytes = (job: Job): number => weigh(job.requestBody) + weigh(job.responseBody) + (job.result?.length ?? 0)
const weigh = (body: Job['requestBody']) => (body ? sizeOf(body) : 0)

function matches(job: Job, { owner, status, operation }: JobQuery): boolean {
  if ((owner !== undefined && job.owner !== owner) || job.goneAt !== undefined) return false
  if (status !== undefined && !status.includes(job.status)) return false // one state or a list: no state's name is part of another's
  return operation === undefined || operation === job.operation
}

const newerFirst = (a: Place, b: Place) => b.createdAt - a.createdAt || (a.id > b.id ? -1 : 1)
