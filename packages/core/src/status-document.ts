import type { Context } from './context'
import type { Job, JobStatus } from './job'
import { isTerminal } from './lifecycle'
import { failureDocument } from './problems'
import { rfc3339 } from './time'

export interface JobLinks {
  readonly self: string
  /** Where the handler's response is, once there is one to be had. */
  readonly result?: string
  /** `POST` here, or `DELETE` the status, as long as there is something to cancel. */
  readonly cancel?: string
}

/** The standard body of a status answer, without `result`, which is spliced in as the text it is. Times are RFC 3339, UTC. */
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

/** Where the result is: where the handler pointed with a 201 or a 303, otherwise the result URL. */
export function resourceLocation(job: Job, self: string): string {
  const { status = 0, headers = {} } = job.response ?? {}
  const pointed = status === 201 || status === 303 ? headers.location : undefined
  return typeof pointed === 'string' && pointed !== '' ? pointed : `${self}/result`
}

/** The job as its owner may see it. Absent members are `undefined`: left out of JSON, never null. */
export function statusDocument(context: Context, job: Job, self: string, retryAfterMs?: number): StatusDocument {
  const over = isTerminal(job.status)
  return {
    id: job.id,
    operation: job.operation,
    status: job.status,
    createdAt: rfc3339(job.createdAt),
    lastUpdatedAt: rfc3339(job.updatedAt),
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
      result: job.response ? `${self}/result` : undefined,
      cancel: over ? undefined : `${self}/cancel`,
    },
  }
}

/** The status document as JSON, with the result in it where it is small JSON: a poll parses nothing. */
export function documentText(context: Context, job: Job, self: string, retryAfterMs?: number): string {
  const text = JSON.stringify(statusDocument(context, job, self, retryAfterMs))
  return job.status === 'succeeded' && job.result !== undefined ? `${text.slice(0, -1)},"result":${job.result}}` : text
}

/**
 * Texts of pending documents, but for their last member. A poll of a job that has not changed since the last one, in a store that
 * hands out the same record, need not be written again. Gone with the record.
 */
const written = new WeakMap<Job, { readonly self: string; readonly text: string }>()

/** {@link documentText} for an unfinished job that is likely to be asked for again before it changes. */
export function pendingText(context: Context, job: Job, self: string, retryAfterMs: number): string {
  let known = written.get(job)
  if (known?.self !== self) {
    known = { self, text: documentText(context, job, self).slice(0, -1) }
    written.set(job, known)
  }
  return `${known.text},"retryAfterMs":${retryAfterMs}}`
}
