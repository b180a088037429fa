import type { Problem } from './errors'

export type JobStatus = 'queued' | 'running' | 'succeeded' | 'failed' | 'canceled'

/** URLs in a status document, absolute. */
export interface JobLinks {
  readonly self?: string
  readonly result?: string
  readonly cancel?: string
  readonly events?: string
  /** The handler's response while it is being written. */
  readonly stream?: string
}

/**
 * Status of a job, in the form that respond-async servers send. Documents of other servers are translated as far as possible, and are in
 * `raw` unchanged. Times are RFC 3339.
 */
export interface StatusDocument<Result = unknown> {
  readonly status: JobStatus
  readonly id?: string
  readonly operation?: string
  readonly createdAt?: string
  readonly lastUpdatedAt?: string
  readonly scheduledAt?: string
  readonly startedAt?: string
  readonly finishedAt?: string
  readonly expiresAt?: string
  readonly estimatedFinishAt?: string
  /** 0 to 100. */
  readonly percentComplete?: number
  readonly message?: string
  readonly attempt?: number
  readonly cancelRequestedAt?: string
  readonly retryAfterMs?: number
  /** A small JSON result. A larger one, and any other media type, is at `links.result`: `job.result()` reads either. */
  readonly result?: Result
  readonly resourceLocation?: string
  /** Why the job failed or was canceled. */
  readonly error?: Problem
  readonly links: JobLinks
  /** The body as received; `undefined` if there was none. */
  readonly raw: unknown
}

/** Whether the job has finished: succeeded, failed or was canceled. */
export const isOver = ({ status }: { readonly status: JobStatus }): boolean =>
  status === 'succeeded' || status === 'failed' || status === 'canceled'
