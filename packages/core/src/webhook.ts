import type { Job, JobStatus } from './job'

export const WEBHOOK_TYPES = ['job.succeeded', 'job.failed', 'job.canceled'] as const
/** Message type (Standard Webhooks): how the job ended. */
export type WebhookType = (typeof WEBHOOK_TYPES)[number]

/** One try to deliver a webhook message. */
export interface WebhookDelivery {
  /** When the try ended, in epoch milliseconds. */
  readonly at: number
  /** Number of the try, from 1. */
  readonly attempt: number
  readonly tookMs: number
  /** Status code of the receiver's answer; absent if there was none. */
  readonly status?: number
  /** Why there was no answer, in a few words. */
  readonly error?: string
}

/** The webhook of a job and its deliveries. Part of the job's record, so it survives whatever the record survives. */
export interface JobWebhook {
  readonly url: string
  /** Which ends are notified. @default all of them */
  readonly events?: readonly WebhookType[]
  /** Number of tries begun. */
  readonly attempts: number
  /** When the next try is due, in epoch milliseconds; absent: none is. */
  readonly nextAt?: number
  /** The latest tries, oldest first. */
  readonly log: readonly WebhookDelivery[]
}

/** A message to be signed and sent. Its id is the same at every try, so that the receiver can recognize a repeat. */
export interface WebhookMessage {
  readonly id: string
  readonly url: string
  /** `{"type":"job.succeeded","timestamp":"…","data":{…the status document…}}` */
  readonly body: string
  /** The job that ended, for secrets that depend on its owner. */
  readonly job: Job
}

/** Outcome of a try: the `status` of the receiver's answer, or in a few words the `error` that kept it from answering. */
export type WebhookReply =
  | { readonly status: number; readonly error?: undefined; readonly retryAfterMs?: number }
  | { readonly status?: undefined; readonly error: string; readonly retryAfterMs?: undefined }

/** Sends webhook messages: the `webhooks` option of `createJobs`, made by `webhooks()` of `@respond-async/webhooks`. */
export interface WebhookSender {
  /** Pauses between tries, in milliseconds. There is one try more than there are pauses. */
  readonly retryMs: readonly number[]
  /** Why this URL is refused, as a sentence; `undefined` if it is allowed. Looks at the URL only. */
  refusal(url: string): string | undefined
  /** As `refusal`, but also resolves the host name and looks at its addresses. For URLs that a request names. */
  check(url: string): Promise<string | undefined>
  /** Signs and sends one message. Never rejects, and ends within a bounded time. */
  send(message: WebhookMessage): Promise<WebhookReply>
}

/** How long the process that ends a job has to begin the first try before a sweep does, in milliseconds. */
const FIRST_TRY_MS = 5_000
const LOG_LINES = 20

export const webhookTypeOf = (status: JobStatus): WebhookType => `job.${status}` as WebhookType // of a final status

/** The webhook of a job that has ended in `status`, with the first try due if it asks for that event. */
export function webhookOwed(job: Job, status: JobStatus, now: number): JobWebhook | undefined {
  const { webhook } = job
  if (!webhook || !(webhook.events ?? WEBHOOK_TYPES).includes(webhookTypeOf(status))) return webhook
  return { ...webhook, nextAt: now + FIRST_TRY_MS }
}

/** A try that begins (no `delivery`) or has ended. */
export interface Notification {
  /** Number of the try. */
  readonly attempts: number
  /** When the next try is due; of one that begins, unless its end sets another time. Absent: never. */
  readonly nextAt?: number
  readonly delivery?: WebhookDelivery
}

/** What a try changes in the job; `null` if another try has begun meanwhile. */
export function notified(job: Job, { attempts, nextAt, delivery }: Notification): Partial<Job> | null {
  const { webhook, expiresAt } = job
  if (!webhook || attempts !== webhook.attempts + (delivery ? 0 : 1)) return null
  const log = delivery ? [...webhook.log, delivery].slice(-LOG_LINES) : webhook.log
  return { webhook: { ...webhook, attempts, nextAt, log }, dueAt: sooner(nextAt, expiresAt as number) } // of one that is over
}

export const sooner = (nextAt: number | undefined, expiresAt: number): number => Math.min(nextAt ?? expiresAt, expiresAt)
