import type { Context } from './context'
import type { Job, JobStatus } from './job'
import { isTerminal } from './lifecycle'
import { failureDocument } from './problems'
import { rfc3339 } from './time'

/** URLs of a job, as far as they can be used now. */
export interface JobLinks {
  /** The status URL. */
  readonly self: string
  /** The handler's response, once the job has finished with one. */
  readonly result?: string
  /** The handler's response while it is being written: what there is, then the rest as it comes. */
  readonly stream?: string
  /** Server-sent events, or a WebSocket: the document at every change, until the job has finished. */
  readonly events?: string
  /** Cancels an unfinished job by `POST`, as does `DELETE` of the status URL. */
  readonly cancel?: string
}

/** The status document: the standard body of a status answer, without `result`, which is added as text. Times are RFC 3339, UTC. */
export interface StatusDocument {
  readonly id: string
  readonly operation: string
  readonly status: JobStatus
  readonly createdAt: string
  readonly lastUpdatedAt: string
  readonly scheduledAt?: string
  readonly startedAt?: string
  readonly finishedAt?: string
  readonly expiresAt?: string
  readonly estimatedFinishAt?: string
  readonly percentComplete?: number
  readonly message?: string
  readonly attempt?: number
  readonly cancelRequestedAt?: string
  readonly retryAfterMs?: number
  readonly resourceLocation?: string
  readonly error?: ReturnType<typeof failureDocument>
  readonly links: JobLinks
}

const time = (at: number | undefined) => (at === undefined ? undefined : rfc3339(at))

/** URL of the result: the `Location` of the handler's 201 or 303, otherwise the result URL. */
export function resourceLocation(job: Job, self: string): string {
  const { status = 0, headers = {} } = job.response ?? {}
  const pointed = status === 201 || status === 303 ? headers.location : undefined
  return typeof pointed === 'string' && pointed !== '' ? pointed : `${self}/result`
}

/** Makes the status document of a job. Absent members are `undefined`, so that JSON leaves them out, never `null`. */
export function statusDocument(context: Context, job: Job, self: string, retryAfterMs?: number): StatusDocument {
  const over = isTerminal(job.status)
  return {
    id: job.id,
    operation: job.operation,
    status: job.status,
    createdAt: rfc3339(job.createdAt),
    lastUpdatedAt: rfc3339(Math.max(job.createdAt, job.updatedAt)), // a worker that claimed it may have a clock that is behind
    scheduledAt: time(job.scheduledAt),
    startedAt: time(job.startedAt),
    finishedAt: time(job.finishedAt),
    expiresAt: time(job.expiresAt),
    estimatedFinishAt: over ? undefined : time(context.pacing.estimatedFinishAt(job)),
    percentComplete: job.percentComplete,
    message: job.message,
    attempt: job.attempt > 1 ? job.attempt : undefined,
    cancelRequestedAt: over ? undefined : time(job.cancelRequestedAt),
    retryAfterMs: over ? undefined : retryAfterMs,
    resourceLocation: job.status === 'succeeded' ? resourceLocation(job, self) : undefined,
    error: over && job.error ? failureDocument(job.error) : undefined,
    links: {
      self,
      result: over && job.response ? `${self}/result` : undefined,
      stream: !over && job.response ? `${self}/stream` : undefined,
      events: over ? undefined : `${self}/events`,
      cancel: over ? undefined : `${self}/cancel`,
    },
  }
}

/** The status document as JSON, with a small JSON result spliced in as text, without parsing it. */
export function documentText(context: Context, job: Job, self: string, retryAfterMs?: number): string {
  const text = JSON.stringify(statusDocument(context, job, self, retryAfterMs))
  return hasResult(job) ? withResult(text.slice(0, -1), job) : text
}

const hasResult = ({ status, result }: Job): boolean => status === 'succeeded' && result !== undefined

const withResult = (open: string, job: Job): string => (hasResult(job) ? `${open},"result":${job.result}}` : `${open}}`)

/**
 * Cached texts of polled documents, without their last members: if a store returns the same record again, the job is unchanged. An
 * entry goes with its record, or after 500 to 1,000 others: a text is nearly as large as a finished job in a store.
 */
let written = new WeakMap<Job, Written>()
let writtenBefore = written
let room = 500
interface Written {
  readonly self: string
  readonly open: string
}

/** {@link documentText} for a job that is likely to be asked for again before it changes. */
export function polledText(context: Context, job: Job, self: string, retryAfterMs?: number): string {
  if (context.store.capabilities.shared) return documentText(context, job, self, retryAfterMs) // each read returns a new record
  let known = written.get(job) ?? writtenBefore.get(job)
  if (known?.self !== self) {
    known = { self, open: JSON.stringify(statusDocument(context, job, self)).slice(0, -1) }
    if (room-- === 0) {
      room = 500
      writtenBefore = written
      written = new WeakMap()
    }
    written.set(job, known)
  }
  return withResult(retryAfterMs === undefined ? known.open : `${known.open},"retryAfterMs":${retryAfterMs}`, job)
}
