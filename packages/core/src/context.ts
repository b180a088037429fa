import type { Attempt } from './attempt'
import type { ById } from './by-id'
import type { Changes } from './changes'
import type { JobEngine } from './engine'
import type { Feed } from './feed'
import type { Job } from './job'
import type { Leases } from './leases'
import type { LiveFeed } from './live-feed'
import type { Operation, ResolvedOptions } from './operation'
import type { ErrorContext, JobsOptions } from './options'
import type { Outbox } from './outbox'
import type { Pacing } from './pacing'
import type { BlobStore, JobStore } from './store'

/** What the parts of core share for one `createJobs`. */
export interface Context {
  readonly options: Settings
  readonly store: JobStore
  /** Where large bodies are stored; `undefined`: in the records. */
  readonly blobs: BlobStore | undefined
  readonly leases: Leases
  readonly engine: JobEngine
  readonly operations: Map<string, Operation>
  /** Attempts that run in this process, by job id. */
  readonly running: ById<Attempt>
  readonly changes: Changes
  /** Jobs whose events are followed in this process, by id. None on Workers, where one request cannot write to another's answer. */
  readonly feeds: ById<Feed> | undefined
  /** Responses that are read in this process while they are written, by job id. None on Workers, for the same reason. */
  readonly live: ById<LiveFeed> | undefined
  readonly pacing: Pacing
  /** Sends webhooks; `undefined` without the `webhooks` option. */
  readonly outbox: Outbox | undefined
  /** URL of the job routes outside a request to them: `baseUrl` and `path`. */
  readonly mount: string
  readonly now: () => number
  readonly onError: (error: unknown, about: ErrorContext) => void
  /** `jobs.stop()` was called: nothing new is accepted. */
  draining: boolean
  /** `drainMs` have passed: jobs that would begin now are handed back. */
  stopped: boolean
}

/**
 * {@link JobsOptions} with defaults filled in. Core only passes the framework's request from the adapter to functions of the
 * application; `never` keeps it from looking inside.
 */
export type Settings = JobsOptions<never> &
  Required<
    Pick<
      JobsOptions<never>,
      | 'storeTimeoutMs'
      | 'pendingStatus'
      | 'onComplete'
      | 'page'
      | 'inlineResultBytes'
      | 'cors'
      | 'maxWaitMs'
      | 'retryAfterMinMs'
      | 'retryAfterMaxMs'
      | 'leaseMs'
      | 'startDeadlineMs'
      | 'cancelGraceMs'
      | 'tombstoneMs'
      | 'sweepMs'
      | 'newId'
      | 'random'
      | 'onError'
    >
  > & { defaults: ResolvedOptions }

/** Makes a function that reports an error to `onError`, with what was being done for which job. */
export const reporter =
  ({ onError }: Context, during: string, { id, operation }: Pick<Job, 'id' | 'operation'>) =>
  (error: unknown): void =>
    onError(error, { during, id, operation })

/** Whether a dispatch is left to the sweeper, because the engine cannot delay a message. */
export const isForSweeper = ({ engine }: Context, delayMs: number): boolean => delayMs > 0 && !engine.capabilities.delay

/** `dueAt` of a queued job that is to start after `delayMs`: when the sweeper must dispatch it, or check that it has started. */
export const startBy = (context: Context, delayMs: number, now: number): number =>
  now + delayMs + (isForSweeper(context, delayMs) ? 0 : context.options.startDeadlineMs)

/** Options of the job's operation; `undefined` if this process does not know it. */
export const optionsOf = (context: Context, job: Job): ResolvedOptions | undefined => context.operations.get(job.operation)?.options

/** How long the job is kept once it has finished, in milliseconds; the default if this process does not know its operation. */
export const ttlOf = (context: Context, job: Job): number => (optionsOf(context, job) ?? context.options.defaults).resultTtlMs
