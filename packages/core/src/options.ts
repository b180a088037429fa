import type { JobEngine } from './engine'
import type { JsonObject } from './job'
import type { Representation } from './representation'
import type { BlobStore, JobStore } from './store'
import type { WebhookSender } from './webhook'
import type { WebhookOption } from './webhook-target'

/** Options of one wrapped route. Every one has a default; those of {@link JobsOptions} `defaults` come between. */
export interface OperationOptions<Native = unknown> {
  /**
   * When to answer 202: `'always'`; `'preferred'`, only to a client that sent `Prefer: respond-async` (others get the handler
   * run as if it had not been wrapped); `{ afterMs }`, when it has not finished by then (0 to 25_000).
   * @default 'always'
   */
  when?: 'always' | 'preferred' | { readonly afterMs: number }
  /** Further attempts after a throw, a timeout, a crash or a response of 500 and above. Handlers must then be idempotent. 0 to 100. @default 0 */
  retries?: number
  /** Pause before the first retry, in milliseconds; doubled for each further one up to an hour, jittered. @default 1_000 */
  backoffMs?: number
  /**
   * How long one attempt may take, in milliseconds, 1 to 2_147_483_647. After it the signal aborts and the job fails with code `timeout`.
   * @default 900_000, or the engine's limit where that is lower
   */
  maxRunMs?: number
  /** Largest request body taken, in bytes; above it 413. @default 32 MiB (33_554_432) */
  maxBodyBytes?: number
  /** Largest response body kept, in bytes; above it the job fails with code `result_too_large`. @default 64 MiB (67_108_864) */
  maxResultBytes?: number
  /** How long a finished job can be read, in milliseconds. @default 86_400_000 (a day) */
  resultTtlMs?: number
  /** Whether `Idempotency-Key` is read, demanded or ignored. @default 'optional' */
  idempotency?: 'optional' | 'required' | 'off'
  /** Start no sooner than so many milliseconds after the answer. @default 0 */
  delayMs?: number
  /** How long it usually takes, in milliseconds: paces clients from the first job on. Learned where not given. */
  estimateMs?: number
  /** What representations may show: a name, a summary. Or a function that makes it from the request. */
  meta?: JsonObject | ((native: Native) => JsonObject | Promise<JsonObject>)
  /** Lifts what the handler needs from earlier middleware into the job, for runs in another process: `(req) => ({ user: { id: req.user.id } })`. */
  carry?: (native: Native) => JsonObject | Promise<JsonObject>
  /** Whose job it is, for this route; see {@link JobsOptions}. */
  owner?: Owner<Native>
  /** Who is told how a job has ended: `'https://…'`, or a function that finds it; needs {@link JobsOptions} `webhooks`. @default nobody */
  webhook?: WebhookOption<Native>
  /** Header fields to store though they are secrets: `authorization`, `cookie`. @default [] */
  storeHeaders?: readonly string[]
  /**
   * What becomes of a stored request, body included, when its job is over. `'failed'`: one that failed or was canceled keeps it as long as it
   * can be read itself, for `jobs.retry`; `'never'`: it goes at once, whatever became of the job. One that succeeded never keeps it.
   * @default 'failed'
   */
  keepRequests?: 'failed' | 'never'
}

/** Names who may see a job, from the framework's request. Nothing, or an empty string, is a nameless client: it sees nameless jobs only. */
export type Owner<Native> = (native: Native) => string | null | undefined | Promise<string | null | undefined>

export interface JobsOptions<Native = unknown> {
  /** @default memoryStore() where one process keeps its jobs; on Workers one has to be given. */
  store?: JobStore
  /** @default the store's own engine if it brings one, otherwise inProcess(); on Workers waitUntil(). */
  engine?: JobEngine
  /** Where bodies above 256 KiB go: `fileBlobs()`, `r2Blobs()`. @default the store's own place for them, where it has one */
  blobs?: BlobStore
  /** How the end of jobs is told to others: `webhooks({ secrets })` of `@respond-async/webhooks`. @default nobody is told */
  webhooks?: WebhookSender
  /**
   * How long a store in another process, or the place for large bodies, may take to answer, in milliseconds, before clients are told
   * 503 and it is tried again later; at least 100.
   * @default 10_000
   */
  storeTimeoutMs?: number
  /**
   * Where `jobRoutes` is reached, as the client sees it: it makes the Location of the 202. Status routes make their links from
   * the path they were asked at, unless this is given.
   * @default '/jobs'
   */
  path?: string
  /** Scheme and host before all links, `https://api.example.com`. Without it links are path-absolute: `Host` is never trusted. */
  baseUrl?: string
  /** Whose job a request makes and may see. Without it whoever knows the unguessable URL of a job may see it, and there is no list. */
  owner?: Owner<Native>
  /** How jobs are shown. @default the status document */
  representation?: Representation
  /** Status code of a pending job's status. 202 is what pollers by status code need. @default 202 */
  pendingStatus?: 200 | 202
  /** What the status URL answers once the job is finished. @default 'document' */
  onComplete?: 'document' | 'redirect' | 'inline'
  /**
   * Whether a browser that opens a status URL gets a page in the place of the document: progress, a button to cancel, a link to the
   * result. Never where a `representation` shows the status: the page could not read it.
   * @default true
   */
  page?: boolean
  /** Largest JSON result shown inside the status document, in bytes. @default 65_536 */
  inlineResultBytes?: number
  /** Largest number of unfinished jobs of one owner, 1 to 100; above it 429. Counted before the insert, so parallel requests may pass it by a few. @default no limit */
  maxPerOwner?: number
  /** Origins that browsers may call the job routes from: `'*'` or a list. @default [] (no CORS headers) */
  cors?: '*' | readonly string[]
  /** Longest hold of `Prefer: wait`, in milliseconds, at most 25_000 so that proxies and platforms do not cut it off. @default 25_000 */
  maxWaitMs?: number
  /** Shortest advice to a client that polls, in milliseconds, not above `retryAfterMaxMs`. Lower answers sooner and is asked more. @default 1_000 */
  retryAfterMinMs?: number
  /** Longest advice to a client that polls, in milliseconds. @default 60_000 */
  retryAfterMaxMs?: number
  /**
   * How long a worker may stay silent before its job is given to another, in milliseconds, at least 1_000. Where several processes
   * share a store, half of it more: clocks are not compared, so the others watch for so long whether it stays silent. They look when
   * they sweep, see `sweepMs`.
   *
   * Shorter notices a crash sooner; longer lets a worker that is stalled by a long tick keep its job. Renewed at a third of
   * this, so it bounds silence, not run time (see `maxRunMs`).
   * @default 30_000
   */
  leaseMs?: number
  /** How long a queued job may wait before it is handed to the engine again, in milliseconds, at least 1_000. @default 60_000 */
  startDeadlineMs?: number
  /** How long a handler may take to stop after its signal aborted, in milliseconds, before it is canceled without it. @default 5_000 */
  cancelGraceMs?: number
  /** How long a purged or expired job answers 410 before it answers 404, in milliseconds. 0: at once. @default 3_600_000 */
  tombstoneMs?: number
  /** Pause between two sweeps in a process that stays, in milliseconds. 0: only when `sweep()` is called. @default 15_000 */
  sweepMs?: number
  /** Options for every operation that does not set them itself. */
  defaults?: OperationOptions<Native>
  /**
   * Whether a name that is taken may be taken again, by the later handler: while developing, where a module is loaded again when it
   * changes and the jobs stay. Elsewhere it is a mistake, and `respondAsync` throws.
   * @default false
   */
  redefine?: boolean
  /** Clock, in epoch milliseconds. @default Date.now */
  now?: () => number
  /** Job ids: 1 to 128 of `A-Z a-z 0-9 . _ ~ -`. Guessable ids need an `owner`. @default crypto.randomUUID */
  newId?: () => string
  /** @default Math.random */
  random?: () => number
  /** Hears of every error that has no one to be thrown to: a handler's throw, a store that fails. @default console.error */
  onError?: (error: unknown, about: ErrorContext) => void
}

export interface ErrorContext {
  /** What was being done, in a few words. */
  readonly during: string
  readonly id?: string
  readonly operation?: string
}
