import type { Jobs } from '@respond-async/core'
import { platformOf } from '@respond-async/core/fetch'
import { checkNoOthers } from '@respond-async/core/store'
import { type GivenJobs, jobsFrom } from './given-jobs'
import { isQueuedMessage, type JobQueue, secondsOf, sendMessage } from './queue-message'

/** Options of {@link queueConsumer}. */
export interface QueueConsumerOptions {
  /**
   * The queue that is consumed; needed for jobs that start more than 12 hours later, whose messages are sent again until they are due.
   * Without it they are retried, and each 12 hours count as one of the queue's `max_retries`.
   */
  queue?: JobQueue | undefined
  /** Called with the error of a run, and for a message that is not of a job and was dropped. @default console.error */
  onError?: ((error: unknown) => void) | undefined
}

/** First and longest pause before a message is delivered again after its run threw, in seconds. */
const AGAIN_SECONDS = 5
const LONGEST_SECONDS = 3_600

/**
 * Makes the `queue` handler of a Worker that consumes the queue of `cloudflareQueue`. The messages of a batch run concurrently; each is
 * acknowledged or retried on its own, when its run has ended.
 *
 * @param jobs the jobs of the module, or a function that makes them from `env`, if that is done for each call
 * @throws {JobsError} `invalid_option`
 */
export function queueConsumer<Env = unknown>(
  jobs: GivenJobs<Env>,
  { queue, onError = (error) => console.error('respond-async: queue:', error), ...others }: QueueConsumerOptions = {},
): (batch: MessageBatch, env: Env, ctx: ExecutionContext) => Promise<void> {
  const jobsFor = jobsFrom('queueConsumer', jobs)
  checkNoOthers('queueConsumer', others)
  /** Keeps an error of `onError` itself from ending the batch, with the runs that are not over. */
  const report = (error: unknown) => {
    try {
      onError(error)
    } catch (thrown) {
      console.error('respond-async: queue: onError:', thrown)
    }
  }
  const deliver = async (message: Message, own: Jobs<never>, env: Env, ctx: ExecutionContext) => {
    const { body } = message
    if (!isQueuedMessage(body)) {
      report(new TypeError(`Message ${message.id} is not a job's message; it was dropped.`))
      return message.ack()
    }
    const { v, id, operation, dispatch, notBefore = 0 } = body
    const early = notBefore - Date.now()
    if (early > 0) {
      if (!queue) return message.retry({ delaySeconds: secondsOf(early) })
      await sendMessage(queue, body, notBefore)
      return message.ack()
    }
    const outcome = await own.run({ v, id, operation, dispatch }, { platform: platformOf(env, ctx) })
    if (outcome.kind === 'retry') message.retry({ delaySeconds: secondsOf(outcome.delayMs) })
    else message.ack()
  }
  return async (batch, env, ctx) => {
    const own = jobsFor(env)
    await Promise.all(
      batch.messages.map((message) =>
        deliver(message, own, env, ctx).catch((error) => {
          report(error)
          message.retry({ delaySeconds: Math.min(LONGEST_SECONDS, AGAIN_SECONDS * 2 ** (message.attempts - 1)) })
        }),
      ),
    )
  }
}
