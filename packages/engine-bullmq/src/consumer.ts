import type { JobMessage, Runner } from '@respond-async/core'
import { DelayedError, type Job, QueueEvents, type QueueEventsListener, Worker } from 'bullmq'
import { type EngineSettings, isClient } from './engine'
import { cancellationsOf } from './message'

/** Pause before a message is delivered again whose job could not be claimed because the store was unavailable, in milliseconds. */
const STORE_AWAY_MS = 5_000

export interface Consumer {
  /** Stops consuming; resolves when all runs have ended. */
  close(): Promise<void>
  /** Lets go of Redis, whatever is not settled: while Redis is away BullMQ's `close` waits for it, and keeps the process. */
  leave(): void
}

/** Starts consuming the queue in this process. */
export function consume({ queue, connection, prefix, concurrency, worker, onError }: EngineSettings, run: Runner): Consumer {
  const deliver = async (job: Job<JobMessage>, token?: string, signal?: AbortSignal): Promise<void> => {
    const outcome = await run(job.data, { signal }).catch((error) => {
      onError(error)
      return { kind: 'retry', delayMs: STORE_AWAY_MS } as const
    })
    if (outcome.kind !== 'retry') return
    await job.moveToDelayed(Date.now() + outcome.delayMs, token)
    throw new DelayedError() // tells BullMQ that the message is not completed
  }
  const working = new Worker<JobMessage>(queue, deliver, { ...worker, connection, prefix, concurrency, autorun: false })
  // Read from the beginning, which is harmless: earlier cancels are of messages that this process does not have.
  const cancellations = new QueueEvents(cancellationsOf(queue), { connection, prefix, lastEventId: '0-0' })
  working.on('error', onError)
  cancellations.on('error', onError)
  cancellations.on<CancellationListener>('cancel', ({ message }: Told) => working.cancelJob(message))

  // Where it may connect but not begin, as without the right to INFO, it would try again without a pause, and nothing else got a turn.
  working
    .waitUntilReady()
    .then(() => working.run())
    .catch(onError)

  return {
    async close() {
      await working.close() // reports its errors itself
      await cancellations.close().catch(onError)
    },
    // Can go when https://github.com/taskforcesh/bullmq/issues/4656 is closed.
    leave() {
      working.closing = undefined
      cancellations.closing = working.close(true)
      void cancellations.getBackend().close(true)
      if (!isClient(connection)) working.disconnect().catch(() => {})
    },
  }
}

interface CancellationListener extends QueueEventsListener {
  cancel: (told: Told) => void
}
type Told = { message: string }
