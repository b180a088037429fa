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

/** What the parts of one `createJobs` share. */
export interface Context {
  readonly options: Settings
  readonly store: JobStore
  /** Where large bodies go; `undefined`: they stay in the records. */
  readonly blobs: BlobStore | undefined
  readonly leases: Leases
  readonly engine: JobEngine
  readonly operations: Map<string, Operation>
  /** Attempts that run in this process, by job id. */
  readonly running: ById<Attempt>
  readonly changes: Changes
  /** Jobs whose events are followed here, by id. None on Workers, where one request cannot write to another's answer: each follows by itself. */
  readonly feeds: ById<Feed> | undefined
  /** Responses that are read here while they are written, by job id; none on Workers, for the same reason. */
  readonly live: ById<LiveFeed> | undefined
  readonly pacing: Pacing
  /** Tells of the end of jobs; none where the application gave no way to. */
  readonly outbox: Outbox | undefined
  /** Where the status routes are when nothing else is known: `baseUrl` and `path`. */
  readonly mount: string
  readonly now: () => number
  readonly onError: (error: unknown, about: ErrorContext) => void
  /** A stop has begun: nothing more is accepted. */
  draining: boolean
  /** The time of the stop is over: what would begin now is handed back. */
  stopped: boolean
}

/**
 * {@link JobsOptions} with its defaults. Core never looks into a framework's request: it hands what an adapter gave to what the
 * application gave, and `never` keeps it from doing more.
 */
export type Settings = JobsOptions<never> &
  Required<
    Pick<
      JobsOptions<never>,
      | (
          | 'pendingStatus'
          | 'onComplete'
          | 'page'
          | 'inlineResultBytes'
          | 'maxWaitMs'
          | 'retryAfterMinMs'
          | 'retryAfterMaxMs'
          | 'leaseMs'
          | 'onError'
        )
      | ('startDeadlineMs' | 'cancelGraceMs' | 'tombstoneMs' | 'sweepMs' | 'storeTimeoutMs' | 'newId' | 'random' | 'cors')
    >
  > & { defaults: ResolvedOptions }

/** Tells the application of what goes wrong `during` something that is done for a job. */
export const reporter =
  ({ onError }: Context, during: string, { id, operation }: Pick<Job, 'id' | 'operation'>) =>
  (error: unknown): void =>
    onError(error, { during, id, operation })

/** Whether a hand-over is left to the sweeper: the engine cannot hold a message back until its time has come. */
export const isForSweeper = ({ engine }: Context, delayMs: number): boolean => delayMs > 0 && !engine.capabilities.delay

/** When a queued job is looked at again that is to start after `delayMs`: when it is to be handed over, or some time after it was. */
export const startBy = (context: Context, delayMs: number, now: number): number =>
  now + delayMs + (isForSweeper(context, delayMs) ? 0 : context.options.startDeadlineMs)

/** Options of the job's operation; `undefined` where this process does not know it. */
export const optionsOf = (context: Context, job: Job): ResolvedOptions | undefined => context.operations.get(job.operation)?.options

/** How long a finished job of this operation is kept; of an operation that this process does not know, the default. */
export const ttlOf = (context: Context, job: Job): number => (optionsOf(context, job) ?? context.options.defaults).resultTtlMs
