import type { Answer } from './answer'
import type { JobMessage, Platform, RunContext, RunOutcome } from './engine'
import type { Job, JobEvent, Json, JsonObject } from './job'
import type { Execute } from './operation'
import type { OperationOptions } from './options'
import type { JobRequest, Submission } from './request'
import type { RouteMatch } from './routes'
import type { JobQuery } from './store'

/** Options of {@link Jobs.submit}. */
export interface SubmitOptions {
  /** Whose job it is. @default null: nobody's */
  owner?: string | null | undefined
  /** Calls of one owner with the same key make one job. @default none */
  idempotencyKey?: string | undefined
  /** Delay before the job may start, in milliseconds. @default the operation's `delayMs` */
  delayMs?: number | undefined
  /** JSON about the job that representations may show. @default the operation's `meta`, if that is an object */
  meta?: JsonObject | undefined
  /** URL that is notified when the job ends; needs `createJobs({ webhooks })`. @default the operation's `webhook`, if that names a URL */
  webhook?: string | undefined
  /** Path and query of the request that the handler gets. @default '/' */
  url?: string | undefined
  /** Header fields of the request that the handler gets, besides `content-type: application/json`. */
  headers?: Readonly<Record<string, string>> | undefined
}

/** Jobs that share a store, an engine and operations. `Native` is the request type of the framework they are used with. */
export interface Jobs<in Native = unknown> {
  /**
   * Makes a job without HTTP. The handler gets `input` as a JSON body. If a job with the same idempotency key exists, returns that one.
   * @throws {JobsError} `unknown_operation`, `invalid_option`, `queue_full`, `draining`; `idempotency_conflict` if the key was used with
   *   another input
   */
  submit(operation: string, input: Json, options?: SubmitOptions): Promise<Job>
  /**
   * Reads a job without its bodies, whoever owns it; `null` if there is none. A purged or expired job is a tombstone: few fields, and
   * `goneAt`. `result` is JSON as text.
   */
  get(id: string): Promise<Job | null>
  /**
   * Cancels a job: at once if it is queued; if it runs, its signal aborts and it has `cancelRequestedAt`. A finished one stays as it is.
   * Resolves to the job after that, `null` if there is none.
   */
  cancel(id: string, reason?: string): Promise<Job | null>
  /**
   * Lists jobs without their bodies, newest first, 20 unless `limit` is given. `owner: null` lists jobs without an owner. **Without
   * `owner` it lists the jobs of all owners**: for operators, and only if the store can (`capabilities.listAll`).
   * @throws {JobsError} `invalid_option`, also if the store cannot list them; `invalid_cursor`
   */
  list(query: Partial<JobQuery>): Promise<{ jobs: Job[]; cursor?: string }>
  /**
   * History of a job after version `after` (default 0: all of it), oldest first, at most 1,000 events; for more, pass the version of the
   * last one. `truncated`: events before the first one have been dropped. `null`: no such job, or the store keeps no history.
   */
  history(id: string, after?: number): Promise<{ events: JobEvent[]; truncated: boolean } | null>
  /**
   * Makes a new job from the stored request of a failed or canceled one: same operation, owner, request and `meta`, but a new id and no
   * idempotency key; `retryOf` is the old id. It starts without delay, with the current options of the operation. The old job is left
   * unchanged.
   * @param platform as for `sweep`: needed by an engine that runs jobs within a request
   * @throws {JobsError} `not_retryable` with the reason, `queue_full`, `draining`
   */
  retry(id: string, platform?: Platform): Promise<Job>
  /**
   * Deletes a finished job, as a client's DELETE does; a tombstone answers 410 for `tombstoneMs`. `false`: there is no such job, or it is
   * already gone.
   * @throws {JobsError} `not_finished`
   */
  purge(id: string): Promise<boolean>
  /**
   * Starts running and sweeping jobs in this process. For worker processes; and, once all routes are set up, for a process with a durable
   * store, so that jobs which an earlier one left do not wait for a request: a process that accepts requests sweeps from its first one on,
   * and also runs jobs if the engine is an in-process one.
   */
  start(): Promise<void>
  /**
   * Stops this process: new requests are answered 503, running jobs get up to `drainMs` milliseconds (default 10_000, 0 to
   * 2_147_483_647) to finish, and what is left is handed back for another process.
   * @throws {JobsError} `invalid_option`
   */
  stop(options?: { drainMs?: number }): Promise<void>
  /** For an engine's consumer: runs the job of one message. */
  run(message: JobMessage, context?: RunContext): Promise<RunOutcome>
  /** Repairs all overdue jobs: lost, undispatched, expired ones. Resolves to the number of jobs it looked at. */
  sweep(platform?: Platform): Promise<number>

  /** For adapters: path of the job routes as clients see it, without a trailing slash. */
  readonly path: string
  /**
   * For adapters: registers a wrapped handler.
   * @param handlers what the application has passed, to be checked: functions, at least one
   * @throws {JobsError} `duplicate_operation`, `invalid_option`
   */
  define(name: string, options: OperationOptions<never>, execute: Execute, handlers?: readonly unknown[]): void
  /** For adapters: answers a request for a wrapped handler. `undefined`: run the handler as if it were not wrapped. */
  accept(operation: string, submission: Submission<Native>, platform?: Platform): Promise<Answer | undefined>
  /** For adapters: answers a request for the job routes. `undefined`: it is for none of them. */
  route(request: JobRequest, match: RouteMatch<Native>): Promise<Answer | undefined>
}
