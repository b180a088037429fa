import type { Job, JobEvent, JobFailure, JobStatus, JobWebhook, JsonObject } from '@respond-async/core'

/** A job as the table and the figures need it. Times are epoch milliseconds, which the page formats for its reader. */
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

/** All that is shown of one job: what its owner sees at the status URL, and more from the record. */
export interface Detail extends Row {
  readonly updatedAt: number
  readonly expiresAt?: number
  readonly dueAt: number | null
  readonly timeoutAt?: number
  readonly dispatch: number
  readonly meta?: JsonObject
  readonly error?: JobFailure
  readonly retryOf?: string
  /** The request without its query, header fields and body, which may contain secrets. */
  readonly request?: { readonly method: string; readonly path: string }
  readonly response?: { readonly status: number; readonly type?: string; readonly size: number }
  /** JSON, as the handler sent it. */
  readonly result?: string
  readonly webhook?: JobWebhook
}

/** A job with its history after the requested version. `history: null`: the store keeps none. */
export interface DetailAnswer {
  readonly job: Detail
  readonly history: { readonly events: readonly JobEvent[]; readonly truncated: boolean } | null
}

export interface ListAnswer {
  readonly jobs: readonly Row[]
  readonly cursor?: string
}

/** What the reader may do, and the settings of the page. */
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
    // The query of the target may contain a key.
    webhook: webhook && { ...webhook, url: pathAlone(webhook.url) },
  }
}

const pathAlone = (url: string): string => url.split(/[?#]/, 1)[0] ?? ''
