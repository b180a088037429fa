import type { JobMessage, Runner } from '@respond-async/core'
import type { Job, PgBoss } from 'pg-boss'

/** How often a worker says that it is still at it, in seconds; within that it hears of a cancel. */
const REFRESH_SECONDS = 5
/** Pause before a message is tried again whose job could not be claimed because the store was away, in milliseconds. */
const STORE_AWAY_MS = 5_000

interface Place {
  readonly boss: PgBoss
  readonly name: string
  readonly concurrency: number
  readonly pollingIntervalSeconds: number
  readonly onError: (error: unknown) => void
}

/** Begins to work on the queue in this process: as many times as jobs may run at once, each for itself. */
export async function consume({ boss, name, concurrency, pollingIntervalSeconds, onError }: Place, run: Runner): Promise<void> {
  const settle = async (message: Job<JobMessage>): Promise<void> => {
    const outcome = await run(message.data, { signal: message.signal }).catch((error) => {
      onError(error)
      return { kind: 'retry', delayMs: STORE_AWAY_MS } as const
    })
    // All of it for this delivery only: a message that was taken away meanwhile is no longer ours to settle.
    const { id, retryCount } = message
    if (outcome.kind !== 'retry') {
      await boss.deleteJob(name, { id, retryCount }) // pg-boss would keep it, as completed, for days
      return
    }
    await boss.fail(name, { id, retryCount })
    await boss.update(name, undefined, { id, startAfter: outcome.delayMs / 1_000 })
  }
  const options = {
    ...{ batchSize: 1, heartbeatRefreshSeconds: REFRESH_SECONDS, pollingIntervalSeconds },
    notifyPollingIntervalSeconds: pollingIntervalSeconds, // nobody is told when a delayed message has become due
  } as const
  for (let place = 0; place < concurrency; place++) {
    let worker: string | undefined
    worker = await boss.work<JobMessage>(name, options, async (messages) => {
      for (const message of messages) await settle(message)
      if (worker) boss.notifyWorker(worker) // looks for the next at once, as long as there is one
    })
  }
}
