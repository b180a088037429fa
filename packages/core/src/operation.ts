import type { BodyStream } from './answer'
import type { BodySink } from './bodies'
import type { Settings } from './context'
import type { EngineCapabilities, Platform } from './engine'
import { JobsError } from './errors'
import type { Body, HeaderFields, Job, JsonObject, StoredRequest } from './job'
import type { OperationOptions } from './options'
import { checkedOptions, invalid, OPERATION_RULES } from './rules'
import { checkWebhook } from './webhook-target'

/** The response of the wrapped handler, as it is stored and replayed byte for byte at the result URL. */
export interface CapturedResponse {
  readonly status: number
  /** By lower-case name. Only those the handler set, not those that earlier middleware sets on every response. */
  readonly headers: HeaderFields
  readonly body: Body | null
}

/** A handler's access to its job: `req.job`, `c.get('job')` or `request.job`. Handlers need not use it. */
export interface JobHandle {
  readonly id: string
  readonly operation: string
  /** Number of this attempt, from 1. */
  readonly attempt: number
  /** Aborts when the job is canceled, reaches its time limit, or is given to another worker. */
  readonly signal: AbortSignal
  readonly meta: JsonObject
  /** What the route's `carry` option returned. */
  readonly carry: JsonObject
  /**
   * Reports progress. Resolves once it is stored; of reports that come faster than the store can write, only the latest is written.
   * Never rejects: a job does not fail because a report could not be stored.
   *
   * @param percentComplete 0 to 100. A lower value than before, or `NaN`, leaves it unchanged; the message is stored all the same.
   * @param message text for the client, up to 1,000 characters.
   */
  progress(percentComplete: number, message?: string): Promise<void>
}

/** One run of a handler: what the adapter needs to call it. */
export interface Execution {
  readonly handle: JobHandle
  /** The adapter's live request if the process that accepted it runs it (inline); `undefined` in a replay. */
  readonly live: unknown
  /** The stored request, for a replay; `null` if it was not stored. */
  readonly request: StoredRequest | null
  /**
   * The request body; a stream if it is large, also in an inline run. In an inline run whose request is not stored a smaller body is
   * `null` here: the adapter has it from `readBody`.
   */
  readonly requestBody: Body | BodyStream | null
  /** Takes a large response body; the captured response then has `body: null`. `undefined`: the adapter gathers the whole body. */
  readonly sink: BodySink | undefined
  readonly platform: Platform | undefined
  /**
   * Sets the one listener, which is called when the run is abandoned: at its time limit, after `cancelGraceMs`, at a stop, or because
   * another worker has the job. The adapter should then end whatever the handler still waits for.
   */
  onCut(listener: () => void): void
  /** Largest response body, in bytes; for a larger one the adapter throws {@link JobsError} `result_too_large`. */
  readonly maxResultBytes: number
}

/** Calls the wrapped handler and captures its response. Rejects with what the handler throws. */
export type Execute = (execution: Execution) => Promise<CapturedResponse>

/** A registered operation: the wrapped handler and its options, with defaults filled in. */
export interface Operation {
  readonly name: string
  readonly options: ResolvedOptions
  readonly execute: Execute
}

export type ResolvedOptions = OperationOptions<never> &
  Required<
    Pick<
      OperationOptions<never>,
      | 'when'
      | 'retries'
      | 'backoffMs'
      | 'maxRunMs'
      | 'maxBodyBytes'
      | 'maxResultBytes'
      | 'resultTtlMs'
      | 'idempotency'
      | 'delayMs'
      | 'storeHeaders'
    >
  >

const DEFAULT_MAX_RUN_MS = 900_000

/** Fills in defaults and refuses invalid options, when the route is set up and not at the first request. */
export function resolveOptions(
  where: string,
  given: OperationOptions<never>,
  { defaults, webhooks }: Settings,
  engine: Pick<EngineCapabilities, 'maxRunMs' | 'defaultMaxRunMs'>,
): ResolvedOptions {
  const options = checkedOptions<ResolvedOptions>(where, given, OPERATION_RULES, defaults)
  const limit = engine.maxRunMs ?? Number.POSITIVE_INFINITY
  options.maxRunMs ??= engine.defaultMaxRunMs ?? Math.min(DEFAULT_MAX_RUN_MS, limit)
  checkWebhook(where, options.webhook, webhooks)
  if (options.maxRunMs > limit)
    throw invalid(`${where}: maxRunMs is ${options.maxRunMs}, but this engine runs a job for at most ${limit} ms; lower it`)
  return options
}

/** The `meta` of a job that was made without a request: the route's, unless that is a function of the request. */
export const metaOfAll = ({ meta }: ResolvedOptions): JsonObject | undefined => (typeof meta === 'function' ? undefined : meta)

/** Pause before the next attempt, in milliseconds: doubles each time up to an hour, ±12.5 % jitter. */
export function backoff(job: Job, { backoffMs }: { backoffMs: number }, random: () => number): number {
  return Math.round(Math.min(3_600_000, backoffMs * 2 ** Math.min(30, job.attempt - 1)) * (0.875 + 0.25 * random()))
}

export const unknownOperation = (name: string): JobsError =>
  new JobsError('unknown_operation', `No handler is registered for operation "${name}": import the module with its respondAsync() here.`)
