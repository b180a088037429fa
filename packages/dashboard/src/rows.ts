import type { Job, JobEvent, JobFailure, JobStatus, JobWebhook, JsonObject } from '@respond-async/core'

/** A job as the table and the figures need it. Times are epoch milliseconds: the page knows how its reader writes them. */
export interface Row {
  readonly id: string
  readonly revision: number
  readonly operation: string
  readonly owner: string | null
  readonly status: JobStatus
  readonly createdAt: number
  readonly scheduledAt?: number
  readonly startedAt?: number
  readonly finishedAt?: number
  readonly cancelRequestedAt?: number
  readonly percentComplete?: number
  readonly message?: string
  readonly attempt: number
  readonly maxAttempts: number
  readonly code?: string
}

/** All that is shown of one job: what its owner sees at the status URL, and what the record says of its life. */
export interface Detail extends Row {
  readonly updatedAt: number
  readonly expiresAt?: number
  readonly dueAt: number | null
  readonly timeoutAt?: number
  readonly dispatch: number
  readonly meta?: JsonObject
  readonly error?: JobFailure
  readonly retryOf?: string
  /** Of the request what was asked for, not its query, fields or body: those are where secrets are. */
  readonly request?: { readonly method: string; readonly path: string }
  readonly response?: { readonly status: number; readonly type?: string; readonly size: number }
  /** JSON, as the handler sent it. */
  readonly result?: string
  readonly webhook?: JobWebhook
}

/** A job's page: the job, and what has happened to it since the version that was asked for. `null`: the store keeps no history. */
export interface DetailAnswer {
  readonly job: Detail
  readonly history: { readonly events: readonly JobEvent[]; readonly truncated: boolean } | null
}

export interface ListAnswer {
  readonly jobs: readonly Row[]
  readonly cursor?: string
}

/** What this reader may do, and how the page is to behave. */
export interface AccessAnswer {
  readonly title: string
  readonly owner?: string
  readonly readOnly: boolean
  readonly windowJobs: number
  readonly refreshMs: number
}

export const rowOf = (job: Job): Row => ({
  id: job.id,
  revision: job.revision,
  operation: job.operation,
  owner: job.owner,
  status: job.status,
  createdAt: job.createdAt,
  scheduledAt: job.scheduledAt,
  startedAt: job.startedAt,
  finishedAt: job.finishedAt,
  cancelRequestedAt: job.cancelRequestedAt,
  percentComplete: job.percentComplete,
  message: job.message,
  attempt: job.attempt,
  maxAttempts: job.maxAttempts,
  code: job.error?.code,
})

export function detailOf(job: Job): Detail {
  const { updatedAt, expiresAt, dueAt, timeoutAt, dispatch, meta, error, retryOf, webhook, request, response, result } = job
  const type = response?.headers['content-type']
  return {
    ...rowOf(job),
    ...{ updatedAt, expiresAt, dueAt, timeoutAt, dispatch, meta, error, retryOf, result },
    request: request ? { method: request.method, path: pathAlone(request.url) } : undefined,
    response: response ? { status: response.status, type: typeof type === 'string' ? type : undefined, size: response.size } : undefined,
    // What follows the path of a target may be a key.
    webhook: webhook && { ...webhook, url: pathAlone(webhook.url) },
  }
}

const pathAlone = (url: string): string => url.split(/[?#]/, 1)[0] ?? ''
