import type { BodyStream } from './answer'
import type { BodySink } from './bodies'
import type { Settings } from './context'
import type { EngineCapabilities, Platform } from './engine'
import { JobsError } from './errors'
import type { Body, HeaderFields, Job, JsonObject, StoredRequest } from './job'
import type { OperationOptions } from './options'
import { checkedOptions, invalid, OPERATION_RULES } from './rules'
import { checkWebhook } from './webhook-target'

/** What the wrapped handler produced: kept, and replayed byte for byte at the result URL. */
export interface CapturedResponse {
  readonly status: number
  /** By lower-case name; only what the handler set, not what earlier middleware had set on every answer. */
  readonly headers: HeaderFields
  readonly body: Body | null
}

/** What a handler can do with its job (`req.job`, `c.get('job')`, `request.job`). A handler that ignores it works as it is. */
export interface JobHandle {
  readonly id: string
  readonly operation: string
  /** From 1. */
  readonly attempt: number
  /** Aborts when the job is canceled, has run out of time, or has been given to another worker. */
  readonly signal: AbortSignal
  readonly meta: JsonObject
  /** What the route's `carry` lifted out of earlier middleware. */
  readonly carry: JsonObject
  /**
   * Reports progress. Resolves when it is recorded; reports that come faster than the store can write are merged, the latest wins.
   * Never throws: a job does not fail because a report could not be written.
   *
   * @param percentComplete 0 to 100; lower than before, or no number, leaves it as it was, and the message counts all the same.
   * @param message what the client may read, up to 1,000 characters.
   */
  progress(percentComplete: number, message?: string): Promise<void>
}

/** One run of a handler, for the adapter that knows how to call it. */
export interface Execution {
  readonly handle: JobHandle
  /** The live request, where the process that took it runs it (inline); `undefined` in a replay. */
  readonly live: unknown
  /** The stored request and its body, for a replay; `null` where a live one is all there is. */
  readonly request: StoredRequest | null
  /**
   * In pieces where it is large: then also in an inline run, whose live request has been read. Otherwise `null` there unless the request
   * is stored: the adapter keeps what its `readBody` gave.
   */
  readonly requestBody: Body | BodyStream | null
  /** Where the response body goes once it is large; `undefined` where all of it is to be gathered. After it `body` is `null`. */
  readonly sink: BodySink | undefined
  readonly platform: Platform | undefined
  /**
   * Calls the one listener when nobody waits for the handler any longer: at its time limit, past the grace of a cancel, at a stop, or
   * because another worker has the job. What it waits for should end then.
   */
  onCut(listener: () => void): void
  /** Bytes of response body to take at most; beyond it the adapter throws {@link JobsError} `result_too_large`. */
  readonly maxResultBytes: number
}

/** Calls the wrapped handler and captures its answer. What the handler throws, it throws. */
export type Execute = (execution: Execution) => Promise<CapturedResponse>

/** A registered kind of work: its handler and its options, defaults filled in. */
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

/** Fills in defaults and refuses what cannot work, when the route is set up and not when the first request comes. */
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
    throw invalid(`${where}: maxRunMs is ${options.maxRunMs}, but this engine can run a job for ${limit} ms at most; lower it`)
  return options
}

/** What is shown of a job that no request made: what the route shows of all of its jobs. */
export const metaOfAll = ({ meta }: ResolvedOptions): JsonObject | undefined => (typeof meta === 'function' ? undefined : meta)

/** Pause before the next attempt: doubled each time up to an hour, a quarter of it jitter. */
export function backoff(job: Job, { backoffMs }: { backoffMs: number }, random: () => number): number {
  return Math.round(Math.min(3_600_000, backoffMs * 2 ** Math.min(30, job.attempt - 1)) * (0.875 + 0.25 * random()))
}

/** No handler of this name is known to the process that needs one. */
export const unknownOperation = (name: string): JobsError =>
  new JobsError('unknown_operation', `No handler is registered for operation "${name}": import the module with its respondAsync() here.`)
