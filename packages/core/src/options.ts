import type { JobEngine } from './engine'
import type { Job, JsonObject } from './job'
import type { LifecycleEvent } from './lifecycle'
import type { Representation } from './representation'
import type { BlobStore, JobStore } from './store'
import type { WebhookSender } from './webhook'
import type { WebhookOption } from './webhook-target'

/** Options of one wrapped route. What a route does not set comes from {@link JobsOptions} `defaults`, then from the defaults here. */
export interface OperationOptions<Native = unknown> {
  /**
   * When to answer 202. `'always'`: to every request. `'preferred'`: only to clients that send `Prefer: respond-async`; for all
   * others the handler runs as if it were not wrapped. `{ afterMs }`: only if the handler has not finished after that many
   * milliseconds (0 to 25_000).
   * @default 'always'
   */
  when?: 'always' | 'preferred' | { readonly afterMs: number } | undefined
  /**
   * Number of further attempts after a throw, a timeout, a crash or a response with status 500 or above, 0 to 100. The handler must
   * then be idempotent.
   * @default 0
   */
  retries?: number | undefined
  /** Pause before the first retry, in milliseconds. Doubles with each retry, up to an hour, with jitter. @default 1_000 */
  backoffMs?: number | undefined
  /**
   * Time limit of one attempt, in milliseconds, 1 to 2_147_483_647. When it passes, the signal aborts and the job fails with code
   * `timeout`.
   * @default 900_000, or what the engine has as its default or limit if that is lower
   */
  maxRunMs?: number | undefined
  /** Largest request body accepted, in bytes; a larger one is answered 413. @default 33_554_432 (32 MiB) */
  maxBodyBytes?: number | undefined
  /** Largest response body stored, in bytes; with a larger one the job fails with code `result_too_large`. @default 67_108_864 (64 MiB) */
  maxResultBytes?: number | undefined
  /** How long a finished job and its result can be read, in milliseconds. @default 86_400_000 (a day) */
  resultTtlMs?: number | undefined
  /** Whether the `Idempotency-Key` header is optional, required or ignored. @default 'optional' */
  idempotency?: 'optional' | 'required' | 'off' | undefined
  /** Delay before the job may start, in milliseconds. @default 0 */
  delayMs?: number | undefined
  /** How long a run usually takes, in milliseconds; sets how often clients poll. If not given, it is learned from earlier runs. */
  estimateMs?: number | undefined
  /** JSON about the job that representations may show, such as a name; or a function that makes it from the request. */
  meta?: JsonObject | ((native: Native) => JsonObject | Promise<JsonObject>) | undefined
  /**
   * Copies what the handler needs from earlier middleware into the job, so that it is also there when another process runs the handler:
   * `(req) => ({ user: { id: req.user.id } })`.
   */
  carry?: ((native: Native) => JsonObject | Promise<JsonObject>) | undefined
  /** The owner of this route's jobs, in place of {@link JobsOptions} `owner`. */
  owner?: Owner<Native> | undefined
  /** The URL that is notified when a job ends, or a function that returns it. Needs {@link JobsOptions} `webhooks`. @default none */
  webhook?: WebhookOption<Native> | undefined
  /** Secret header fields to store all the same: `authorization`, `cookie`. By default they are not stored. @default [] */
  storeHeaders?: readonly string[] | undefined
  /**
   * Which finished jobs keep their stored request, body included. `'failed'`: failed and canceled ones, until they expire, so that
   * `jobs.retry` can run them again. `'never'`: none. The request of a job that succeeded is always deleted.
   * @default 'failed'
   */
  keepRequests?: 'failed' | 'never' | undefined
}

/**
 * Returns whose request it is. A job can be seen only by the owner who made it. `null`, `undefined` or an empty string is an anonymous
 * client, which sees only jobs without an owner.
 */
export type Owner<Native> = (native: Native) => string | null | undefined | Promise<string | null | undefined>

/** Options of `createJobs`. All are optional, but on Workers, and with an engine whose messages survive a restart, a `store` is required. */
export interface JobsOptions<Native = unknown> {
  /** Where jobs are stored. @default memoryStore(); none where it is required */
  store?: JobStore | undefined
  /**
   * What carries jobs to the process that runs them.
   * @default the engine that comes with the store, if any, otherwise inProcess(); on Workers waitUntil()
   */
  engine?: JobEngine | undefined
  /** Where bodies above 256 KiB are stored: `fileBlobs()`, `r2Blobs()`. @default the store itself, if it can hold large bodies */
  blobs?: BlobStore | undefined
  /** Sends webhooks when jobs end: `webhooks({ secrets })` from `@respond-async/webhooks`. @default no webhooks */
  webhooks?: WebhookSender | undefined
  /**
   * How long a call to a shared store or to the blob store may take, in milliseconds, at least 100. After that it counts as failed:
   * clients get 503, and work in the background is tried again later. Not used on Workers.
   * @default 10_000
   */
  storeTimeoutMs?: number | undefined
  /**
   * Path under which clients reach `jobRoutes`; used in the `Location` of the 202. If not given, links in answers of the job routes
   * start with the path of the request instead.
   * @default '/jobs'
   */
  path?: string | undefined
  /** Scheme and host of all links, `https://api.example.com`. Without it links are path-absolute: `Host` is never trusted. */
  baseUrl?: string | undefined
  /** Returns whose request it is, and so whose job. Without it anyone who knows a job's unguessable URL can see it; there is no list. */
  owner?: Owner<Native> | undefined
  /** How jobs are shown to clients, in place of the status document. @default the status document */
  representation?: Representation | undefined
  /** Status code of the status URL while a job is unfinished. Clients that poll by status code need 202. @default 202 */
  pendingStatus?: 200 | 202 | undefined
  /**
   * What the status URL answers once the job has finished: the status document, a 303 to the result URL (`'redirect'`), or the result
   * itself (`'inline'`).
   * @default 'document'
   */
  onComplete?: 'document' | 'redirect' | 'inline' | undefined
  /**
   * Whether a browser that opens a status URL gets an HTML page with progress, a cancel button and a link to the result. Off where a
   * `representation` shows the status, which the page cannot read.
   * @default true
   */
  page?: boolean | undefined
  /** Largest JSON result shown inside the status document, in bytes. @default 65_536 */
  inlineResultBytes?: number | undefined
  /**
   * Most unfinished jobs of one owner, 1 to 100; further requests are answered 429. Counted before the insert, so parallel requests may
   * exceed it by a few.
   * @default no limit
   */
  maxPerOwner?: number | undefined
  /** Origins from which browsers may call the job routes: `'*'` or a list. @default [] (no CORS headers) */
  cors?: '*' | readonly string[] | undefined
  /** Longest hold of a request with `Prefer: wait`, in milliseconds, at most 25_000: proxies cut off longer ones. @default 25_000 */
  maxWaitMs?: number | undefined
  /**
   * Shortest pause between polls that clients are advised, in milliseconds, at most `retryAfterMaxMs`. With a lower one they learn of
   * changes sooner and send more requests.
   * @default 1_000
   */
  retryAfterMinMs?: number | undefined
  /** Longest pause between polls that clients are advised, in milliseconds. @default 60_000 */
  retryAfterMaxMs?: number | undefined
  /**
   * How long a worker may stay silent before its job is given to another one, in milliseconds, at least 1_000. If several processes
   * share the store it takes half as long again: clocks are not compared, so each process watches for itself, at its sweeps (see
   * `sweepMs`), that the lease is not renewed.
   *
   * With a shorter lease a crash is noticed sooner; with a longer one a worker that is blocked for a while keeps its job. Workers renew
   * the lease after a third of this time, so it limits their silence and not the run time (see `maxRunMs`).
   * @default 30_000
   */
  leaseMs?: number | undefined
  /** How long a queued job may wait before it is dispatched to the engine again, in milliseconds, at least 1_000. @default 60_000 */
  startDeadlineMs?: number | undefined
  /** How long a handler may run on after a cancel aborted its signal, in milliseconds; then the job is canceled anyway. @default 5_000 */
  cancelGraceMs?: number | undefined
  /** How long a purged or expired job is answered 410, not yet 404, in milliseconds. 0: no 410 at all. @default 3_600_000 (an hour) */
  tombstoneMs?: number | undefined
  /**
   * Pause between two sweeps for overdue jobs, in milliseconds. 0: only when `sweep()` is called, as is always the case on Workers.
   * @default 15_000
   */
  sweepMs?: number | undefined
  /** Default route options, for every route that does not set them itself. */
  defaults?: OperationOptions<Native> | undefined
  /**
   * Whether a second route may use the name of an operation and replace its handler: for development, where hot reloading loads a
   * module again. Otherwise `respondAsync` throws `duplicate_operation`.
   * @default false
   */
  redefine?: boolean | undefined
  /** Clock, in epoch milliseconds. @default Date.now */
  now?: (() => number) | undefined
  /** Makes job ids: 1 to 128 of `A-Z a-z 0-9 . _ ~ -`. Guessable ids are safe only with an `owner`. @default crypto.randomUUID */
  newId?: (() => string) | undefined
  /** Source of jitter, 0 to 1 as `Math.random`. @default Math.random */
  random?: (() => number) | undefined
  /**
   * Called for metrics and logs, after this process has stored a change of a job: with the job after it, whose bodies may be missing, and
   * what has changed it. `succeed`, `fail` and `cancel` end a job. Each change is reported once, by the process that made it, unless that
   * dies at once: what must arrive needs a webhook. Purges and expiries are not reported.
   *
   * Nothing waits for it. What it throws or rejects with goes to `onError`.
   * @default none
   */
  onChange?: ((job: Job, change: ChangeType) => void | Promise<void>) | undefined
  /** Called with every error that no caller can catch: what a handler throws, a failing store. @default console.error */
  onError?: ((error: unknown, about: ErrorContext) => void) | undefined
}

/** What has changed a job: `insert`, or an event of `TRANSITIONS`. */
export type ChangeType = 'insert' | LifecycleEvent['type']

/** What {@link JobsOptions} `onError` is told of an error besides the error itself. */
export interface ErrorContext {
  /** What was being done, in a few words. */
  readonly during: string
  readonly id?: string
  readonly operation?: string
}
