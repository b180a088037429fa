import type { Job, JobStatus } from './job'

/** What a webhook may be told of: how the job ended. Standard Webhooks calls it the type of the message. */
export type WebhookType = 'job.succeeded' | 'job.failed' | 'job.canceled'
export const WEBHOOK_TYPES: readonly WebhookType[] = ['job.succeeded', 'job.failed', 'job.canceled']

/** One try to deliver a message. */
export interface WebhookDelivery {
  /** When the receiver had answered, or had not. */
  readonly at: number
  /** From 1. */
  readonly attempt: number
  readonly tookMs: number
  /** What the receiver answered; absent where it did not. */
  readonly status?: number
  /** Why there was no answer, in a few words. */
  readonly error?: string
}

/** Where the end of a job is told, and how far that has come. It is part of the record, and so survives whatever the record survives. */
export interface JobWebhook {
  readonly url: string
  /** @default all of them */
  readonly events?: readonly WebhookType[]
  /** Tries begun. */
  readonly attempts: number
  /** When the next try is due; absent: nothing is owed. */
  readonly nextAt?: number
  /** The latest tries, oldest first. */
  readonly log: readonly WebhookDelivery[]
}

/** A signed message is made of this. The id is the same at every try, so that a receiver can tell a repetition. */
export interface WebhookMessage {
  readonly id: string
  readonly url: string
  /** `{"type":"job.succeeded","timestamp":"…","data":{…the status document…}}` */
  readonly body: string
  /** The job that has ended, for secrets that depend on its owner. */
  readonly job: Job
}

/** What became of a try. `error`: there was no answer; in a few words, for the log. */
export type WebhookReply =
  | { readonly status: number; readonly error?: undefined; readonly retryAfterMs?: number }
  | { readonly status?: undefined; readonly error: string; readonly retryAfterMs?: undefined }

/** How messages are sent: what `createJobs` is given as `webhooks`. `@respond-async/webhooks` makes one. */
export interface WebhookSender {
  /** Pauses between tries, in milliseconds: one try more than there are pauses. */
  readonly retryMs: readonly number[]
  /** Why nothing is ever sent to this URL, as a sentence, going by the URL alone; `undefined` where something may be. */
  refusal(url: string): string | undefined
  /** ... going by the addresses behind its name too. For a target that a request names. */
  check(url: string): Promise<string | undefined>
  /** Signs and sends one message. Never rejects, and takes a bounded time. */
  send(message: WebhookMessage): Promise<WebhookReply>
}

/** How long whoever ends a job has to begin telling of it before others do, in milliseconds. */
const FIRST_TRY_MS = 5_000
const LOG_LINES = 20

export const webhookTypeOf = (status: JobStatus): WebhookType => `job.${status}` as WebhookType // of a status that is final

/** What is owed once a job has ended in `status`. */
export function owedAt(job: Job, status: JobStatus, now: number): JobWebhook | undefined {
  const { webhook } = job
  if (!webhook || !(webhook.events ?? WEBHOOK_TYPES).includes(webhookTypeOf(status))) return webhook
  return { ...webhook, nextAt: now + FIRST_TRY_MS }
}

/** A try that begins (without `delivery`), or has ended. */
export interface Notification {
  /** Number of the try. */
  readonly attempts: number
  /** When the next one is due, unless this one says otherwise before; absent: never. */
  readonly nextAt?: number
  readonly delivery?: WebhookDelivery
}

/** The job after it; `null` where another try has begun meanwhile. */
export function notified(job: Job, { attempts, nextAt, delivery }: Notification): Partial<Job> | null {
  const { webhook, expiresAt } = job
  if (!webhook || job.goneAt !== undefined || attempts !== webhook.attempts + (delivery ? 0 : 1)) return null
  const log = delivery ? [...webhook.log, delivery].slice(-LOG_LINES) : webhook.log
  return { webhook: { ...webhook, attempts, nextAt, log }, dueAt: sooner(nextAt, expiresAt) }
}

export const sooner = (a: number | undefined, b: number | undefined): number | null =>
  a === undefined ? (b ?? null) : b === undefined ? a : Math.min(a, b)
