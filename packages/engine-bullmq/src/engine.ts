import { type JobEngine, JobsError } from '@respond-async/core'
import type { ConnectionOptions, WorkerOptions } from 'bullmq'
import { type Consumer, consume } from './consumer'
import { createProducer } from './producer'
import { within } from './within'

/** Options of {@link bullmqEngine}. */
export interface BullmqEngineOptions {
  /**
   * Name of the BullMQ queue, without colons. Only for these jobs: nothing else may add to or consume it. `<queue>-cancel` is used too.
   * @default 'respond-async'
   */
  queue?: string | undefined
  /**
   * How BullMQ connects: `{ url: 'redis://…' }`, `{ host, port, … }`, or a client. With options, commands fail at once while Redis is
   * unavailable, so that requests do not wait for it; a client is used as it is configured.
   */
  connection: ConnectionOptions
  /** Prefix of all keys; in a Cluster with braces, `'{bull}'`. @default 'bull' */
  prefix?: string | undefined
  /** Number of jobs that a process runs at once after `jobs.start()`. @default 10 */
  concurrency?: number | undefined
  /** Further options of BullMQ's `Worker`: a rate limit, metrics, telemetry, `lockDuration`. */
  worker?: Omit<WorkerOptions, 'connection' | 'prefix' | 'concurrency' | 'autorun' | 'removeOnComplete' | 'removeOnFail'> | undefined
  /** Called with errors that no caller can catch: a lost connection, a lock that could not be renewed. @default console.error */
  onError?: ((error: unknown) => void) | undefined
}

/**
 * Carries jobs to worker processes over BullMQ. Processes that accept requests add jobs to the queue; those that call `jobs.start()` run
 * them. Connects at the first job or at the start.
 *
 * @throws {JobsError} `invalid_option`
 */
export function bullmqEngine(options: BullmqEngineOptions): JobEngine {
  const { queue = 'respond-async', connection, prefix = 'bull', concurrency = 10, worker, onError = report, ...others } = { ...options }
  if (connection !== Object(connection)) throw invalid('connection is missing, for example { url: "redis://…" }')
  for (const name in others) throw invalid(`${name} is not an option; options of BullMQ's Worker go into \`worker\``)
  if (!queue || queue.includes(':')) throw invalid(`queue must be a name without colons, not ${JSON.stringify(queue)}`)
  if ((connection as MaybeCluster).isCluster && !/\{.+\}/.test(`${prefix}:${queue}`))
    throw invalid('a Cluster needs a queue in one slot: put the prefix in braces, { prefix: "{bull}" }')
  if (!(Number.isInteger(concurrency) && concurrency > 0)) throw invalid(`concurrency must be a whole number from 1, not ${concurrency}`)
  const settings = { ...options, queue, concurrency, onError }
  const producer = createProducer(settings)
  let consumer: Consumer | undefined

  return {
    capabilities: { durable: true, remote: true, maxRunMs: null, delay: true, cancel: 'remote' },
    dispatch: (message, { delayMs }) => producer.add(message, delayMs),
    cancel: producer.cancel,
    async start(run) {
      consumer ??= consume(settings, run)
    },
    async stop(drainMs) {
      await within(drainMs, Promise.all([consumer?.close(), producer.close()])) // without Redis a connection may not close
      setTimeout(() => consumer?.leave(), LEAVE_MS).unref()
    },
  }
}

export type EngineSettings = BullmqEngineOptions & Required<Pick<BullmqEngineOptions, 'queue' | 'concurrency' | 'onError'>>

/** How long core may take after a stop to cut off the runs that are left, in milliseconds. */
const LEAVE_MS = 5_000

export const isClient = (connection: ConnectionOptions) => 'duplicate' in connection
type MaybeCluster = { readonly isCluster?: boolean }
const invalid = (message: string) => new JobsError('invalid_option', `bullmqEngine: ${message}`)
const report = (error: unknown) => console.error('respond-async: BullMQ:', error)
