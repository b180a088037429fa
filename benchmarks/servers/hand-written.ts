/**
 * What a good engineer writes by hand in an afternoon: a Map, an id, work on a later macrotask, a status document. The routes of
 * each framework are in the files next to it. It has no retries, time limits, expiry, idempotency, owners, long polls, ranges or bounds.
 */
export interface Job {
  readonly id: string
  readonly operation: string
  readonly createdAt: number
  version: number
  status: 'queued' | 'running' | 'succeeded' | 'failed' | 'canceled'
  lastUpdatedAt: number
  startedAt?: number
  finishedAt?: number
  result?: object
}

const KEEP_MS = 86_400_000
const jobs = new Map<string, Job>()

export const findJob = (id: string): Job | undefined => jobs.get(id)

export function newJob(operation: string): Job {
  const now = Date.now()
  return { id: crypto.randomUUID(), operation, createdAt: now, version: 1, status: 'queued', lastUpdatedAt: now }
}
export function createJob(operation: string): Job {
  const job = newJob(operation)
  jobs.set(job.id, job)
  return job
}

function change(job: Job, status: Job['status']): number {
  job.status = status
  job.version++
  job.lastUpdatedAt = Date.now()
  return job.lastUpdatedAt
}

export async function runJob(job: Job, work: () => Promise<object>): Promise<void> {
  if (job.status === 'canceled') return
  job.startedAt = change(job, 'running')
  let outcome: 'succeeded' | 'failed' = 'succeeded'
  let result: object
  try {
    result = await work()
  } catch (error) {
    console.error(error)
    outcome = 'failed'
    result = { error: 'The report could not be built.' }
  }
  if (isOver(job)) return // canceled meanwhile
  job.result = result
  job.finishedAt = change(job, outcome)
}

export function cancelJob(job: Job): void {
  if (!isOver(job)) job.finishedAt = change(job, 'canceled')
}

export const isOver = (job: Job): boolean => job.status !== 'queued' && job.status !== 'running'

const time = (at: number | undefined) => (at === undefined ? undefined : new Date(at).toISOString())

export function showJob(job: Job) {
  const self = `/jobs/${job.id}`
  const over = isOver(job)
  return {
    id: job.id,
    operation: job.operation,
    status: job.status,
    createdAt: time(job.createdAt),
    lastUpdatedAt: time(job.lastUpdatedAt),
    startedAt: time(job.startedAt),
    finishedAt: time(job.finishedAt),
    expiresAt: job.finishedAt && time(job.finishedAt + KEEP_MS),
    retryAfterMs: over ? undefined : 1000,
    resourceLocation: job.result && `${self}/result`,
    links: {
      self,
      result: job.result && `${self}/result`,
      events: over ? undefined : `${self}/events`,
      cancel: over ? undefined : `${self}/cancel`,
    },
    result: job.result,
  }
}

export function acceptedHeaders(job: Job): Record<string, string> {
  const self = `/jobs/${job.id}`
  return {
    Location: self,
    'Content-Location': self,
    'Retry-After': '1',
    Link: `<${self}>; rel="monitor"`,
    'Cache-Control': 'no-store',
    Vary: 'Prefer',
  }
}

export const etagOf = (job: Job): string => `W/"${job.version}"`

export function statusHeaders(job: Job): Record<string, string> {
  const self = `/jobs/${job.id}`
  return {
    'Content-Location': self,
    ETag: etagOf(job),
    'Cache-Control': 'private, no-cache',
    Vary: 'Prefer, Accept',
    ...(isOver(job) ? { Sunset: sunsetOf(job) } : { Location: self, 'Retry-After': '1' }),
  }
}

export const resultHeaders = (job: Job): Record<string, string> => ({
  'Cache-Control': 'private',
  Sunset: sunsetOf(job),
  'Accept-Ranges': 'bytes',
})

const sunsetOf = (job: Job) => new Date((job.finishedAt ?? 0) + KEEP_MS).toUTCString()
