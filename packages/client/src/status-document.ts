import type { Problem } from './errors'

export type JobStatus = 'queued' | 'running' | 'succeeded' | 'failed' | 'canceled'

/** Addresses in a status document, absolute. */
export interface JobLinks {
  readonly self?: string
  readonly result?: string
  readonly cancel?: string
  readonly events?: string
  /** The handler's response while it is being written. */
  readonly stream?: string
}

/**
 * How a job is. Servers of respond-async send it like this; what others send is translated as far as they say it, and all of it is in
 * `raw`. Times are RFC 3339.
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
  /** Why it failed or was canceled. */
  readonly error?: Problem
  readonly links: JobLinks
  /** The body as it came; `undefined` where there was none. */
  readonly raw: unknown
}

export const isOver = ({ status }: { readonly status: JobStatus }): boolean =>
  status === 'succeeded' || status === 'failed' || status === 'canceled'
