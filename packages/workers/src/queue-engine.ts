import { type JobEngine, JobsError } from '@respond-async/core'
import { type JobQueue, sendMessage } from './queue-message'

export type { JobQueue } from './queue-message'

export interface CloudflareQueueOptions {
  /** The binding of the Queue, `env.QUEUE`, as `queues.producers` of wrangler.jsonc names it. */
  queue: JobQueue
}

/** What a consumer gives a job: its 15 minutes, less what claiming it, a last grace and writing its end may take. */
const CONSUMER_MS = 870_000

/**
 * Hands jobs over through a Cloudflare Queue to the Worker that consumes it, with `queueConsumer`. It carries the job's id alone;
 * the request is rebuilt from the store, which has to be one that both Workers see. Up to 870_000 ms a run.
 *
 * A cancellation reaches a running handler with its next heartbeat, a third of `leaseMs` at most.
 *
 * @throws {JobsError} `invalid_option`
 */
export function cloudflareQueue({ queue }: CloudflareQueueOptions): JobEngine {
  if (typeof queue?.send !== 'function')
    throw new JobsError(
      'invalid_option',
      'cloudflareQueue: give it the binding of a Queue, cloudflareQueue({ queue: env.QUEUE }), as queues.producers of wrangler.jsonc names it.',
    )
  return {
    capabilities: { durable: true, remote: true, maxRunMs: CONSUMER_MS, delay: true, cancel: 'none' },
    dispatch: (message, { delayMs }) => sendMessage(queue, message, Date.now() + delayMs),
  }
}
