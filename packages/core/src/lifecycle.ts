import type { Body, Job, JobFailure, JobStatus, StoredResponse } from './job'
import { type Notification, notified, sooner, webhookOwed } from './webhook'

/**
 * All legal transitions of a job: for each state, the events it accepts and the state that follows. Everything else is derived from
 * it: which states are terminal, the table in the documentation, which jobs can be canceled.
 */
export const TRANSITIONS = {
  queued: { start: 'running', redispatch: 'queued', fail: 'failed', cancel: 'canceled' },
  running: {
    progress: 'running',
    respond: 'running',
    renew: 'running',
    requestCancel: 'running',
    release: 'queued',
    succeed: 'succeeded',
    fail: 'failed',
    cancel: 'canceled',
  },
  succeeded: { notify: 'succeeded' },
  failed: { notify: 'failed' },
  canceled: { notify: 'canceled' },
} as const satisfies Record<JobStatus, Partial<Record<LifecycleEvent['type'], JobStatus>>>

/** Whether a value names a state. */
export const isStatus = (value: unknown): boolean => Object.hasOwn(TRANSITIONS, String(value))

/** Whether a job can never leave this state. Derived from the table, so that there is no second list to keep in step. */
export const isTerminal = (status: JobStatus): boolean => TERMINAL[status]
const TERMINAL = Object.fromEntries(
  Object.entries(TRANSITIONS).map(([status, row]) => [status, Object.values(row).every((next) => next === status)]),
) as Record<JobStatus, boolean>

/** The response of a finished attempt. `result` and `responseBody` as on {@link Job}. */
export interface Outcome {
  readonly response: StoredResponse | null
  readonly result?: string
  readonly responseBody?: Body | null
}

/**
 * What can happen to a job. An event from a worker carries its `attempt` and is refused once another attempt has begun, so that
 * reading again after a lost race can never make a stale worker's result legal.
 */
export type LifecycleEvent =
  | { readonly type: 'start'; readonly leaseMs: number; readonly maxRunMs: number }
  | { readonly type: 'redispatch'; readonly dueAt: number }
  | { readonly type: 'progress'; readonly attempt: number; readonly percentComplete?: number; readonly message?: string }
  | { readonly type: 'respond'; readonly attempt: number; readonly response: StoredResponse }
  | { readonly type: 'renew'; readonly attempt: number; readonly leaseMs: number }
  | { readonly type: 'requestCancel'; readonly reason?: string }
  | { readonly type: 'release'; readonly attempt: number; readonly dueAt: number; readonly redispatch: boolean }
  | ({ readonly type: 'succeed'; readonly attempt: number; readonly ttlMs: number } & Outcome)
  | ({ readonly type: 'fail'; readonly attempt?: number; readonly ttlMs: number; readonly error: JobFailure } & Partial<Outcome>)
  | { readonly type: 'cancel'; readonly attempt?: number; readonly ttlMs: number; readonly reason?: string }
  /** A webhook try: bookkeeping that clients do not see. */
  | ({ readonly type: 'notify' } & Notification)

/** The job after `event`, or `null` if the table or the fencing token refuses it. Pure. */
export function transition(job: Job, event: LifecycleEvent, now: number): Job | null {
  const row: Partial<Record<LifecycleEvent['type'], JobStatus>> = TRANSITIONS[job.status]
  const status = row[event.type]
  if (status === undefined || ('attempt' in event && event.attempt !== undefined && event.attempt !== job.attempt)) return null
  const seen = event.type !== 'renew' && event.type !== 'redispatch' && event.type !== 'notify'
  const changes = changesOf(job, event, status, now)
  return (
    changes && {
      ...job,
      status,
      version: job.version + 1,
      revision: seen ? job.revision + 1 : job.revision,
      updatedAt: seen ? Math.max(now, job.updatedAt) : job.updatedAt,
      ...changes,
    }
  )
}

/** What an event changes besides the state, or `null` if there is nothing to change. */
function changesOf(job: Job, event: LifecycleEvent, status: JobStatus, now: number): Partial<Job> | null {
  switch (event.type) {
    case 'start':
      return {
        attempt: job.attempt + 1,
        startedAt: now,
        dueAt: now + event.leaseMs,
        timeoutAt: now + event.maxRunMs,
      }
    case 'redispatch':
      return { dispatch: job.dispatch + 1, dueAt: event.dueAt }
    case 'progress':
      return {
        percentComplete: highest(job.percentComplete, event.percentComplete),
        message: event.message ?? job.message,
      }
    case 'respond':
      return { response: event.response }
    case 'renew':
      return { dueAt: now + event.leaseMs }
    case 'requestCancel':
      return job.cancelRequestedAt === undefined ? { cancelRequestedAt: now, error: canceledBecause(event.reason) } : null
    case 'release':
      return {
        dueAt: event.dueAt,
        timeoutAt: undefined,
        startedAt: undefined,
        response: null,
        dispatch: job.dispatch + (event.redispatch ? 1 : 0),
      }
    case 'succeed':
      return {
        ...finished(job, event, status, now),
        percentComplete: job.percentComplete === undefined ? undefined : 100,
        error: undefined,
      }
    case 'fail':
      return { ...finished(job, event, status, now), ...keptRequest(job), error: event.error }
    case 'cancel':
      return { ...finished(job, event, status, now), ...keptRequest(job), error: canceledBecause(event.reason) ?? job.error }
    case 'notify':
      return notified(job, event)
  }
}

/** What remains of a purged or expired job: enough to answer its owner 410 until `forgetAt`. */
export function tombstone(job: Job, now: number, forgetAt: number): Job {
  const { id, version, revision, operation, owner, status, createdAt, attempt, maxAttempts, dispatch } = job
  return {
    id,
    version: version + 1,
    revision: revision + 1,
    operation,
    owner,
    status,
    createdAt,
    updatedAt: now,
    attempt,
    maxAttempts,
    dispatch,
    goneAt: now,
    dueAt: forgetAt,
    request: null,
    response: null,
    requestBody: null,
    responseBody: null,
  }
}

function finished(job: Job, event: { ttlMs: number } & Partial<Outcome>, status: JobStatus, now: number): Partial<Job> {
  const expiresAt = now + event.ttlMs
  const { response = null, result, responseBody = null } = event
  const webhook = webhookOwed(job, status, now)
  return {
    finishedAt: now,
    expiresAt,
    dueAt: sooner(webhook?.nextAt, expiresAt),
    timeoutAt: undefined,
    webhook,
    request: null,
    requestBody: null,
    response,
    result,
    responseBody,
  }
}

/** A failed or canceled job keeps its stored request for `jobs.retry`, unless `keepRequests` says otherwise. */
const keptRequest = ({ request }: Job): Partial<Job> | null =>
  request && request.keep !== false ? { request, requestBody: undefined } : null

const canceledBecause = (reason: string | undefined): JobFailure | undefined =>
  reason === undefined ? undefined : { code: 'canceled', status: 409, title: 'The job was canceled', message: reason }

/** Progress never falls, since a report of an earlier step may arrive late. What is no number is ignored. */
function highest(before: number | undefined, reported = Number.NaN): number | undefined {
  return Number.isFinite(reported) ? Math.max(before ?? 0, Math.min(100, reported)) : before
}
