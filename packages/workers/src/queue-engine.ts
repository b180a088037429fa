import { type JobEngine, JobsError } from '@respond-async/core'
import { checkNoOthers } from '@respond-async/core/store'
import { type JobQueue, sendMessage } from './queue-message'

export type { JobQueue } from './queue-message'

/** Options of {@link cloudflareQueue}. */
export interface CloudflareQueueOptions {
  /** The binding of the Queue, `env.QUEUE`: a `binding` of `queues.producers` in wrangler.jsonc. */
  queue: JobQueue
}

/** Longest run in a consumer, in milliseconds: 15 minutes, less the time for the claim, the grace of a cancel and writing the end. */
const CONSUMER_MS = 870_000

/**
 * Carries jobs over a Cloudflare Queue to the Worker that consumes it with `queueConsumer`. Messages have only the job's id; the request
 * is rebuilt from the store, which both Workers must share. A run may take up to 870_000 ms.
 *
 * A cancel reaches a running handler with its next heartbeat, after at most a third of `leaseMs`.
 *
 * @throws {JobsError} `invalid_option`
 */
export function cloudflareQueue({ queue, ...others }: CloudflareQueueOptions): JobEngine {
  if (typeof queue?.send !== 'function')
    throw new JobsError(
      'invalid_option',
      'cloudflareQueue needs the binding of a Queue, cloudflareQueue({ queue: env.QUEUE }), named in queues.producers of wrangler.jsonc.',
    )
  checkNoOthers('cloudflareQueue', others)
  return {
    capabilities: { durable: true, remote: true, maxRunMs: CONSUMER_MS, delay: true, cancel: 'none' },
    dispatch: (message, { delayMs }) => sendMessage(queue, message, Date.now() + delayMs),
  }
}
