import type { JobMessage, Runner } from '@respond-async/core'
import type { Job, PgBoss } from 'pg-boss'

/** Interval of a worker's heartbeat, in seconds, by which it also learns of a cancel. */
const REFRESH_SECONDS = 5
/** Pause before a message is delivered again whose job could not be claimed because the store was unavailable, in milliseconds. */
const STORE_AWAY_MS = 5_000

interface Place {
  readonly boss: PgBoss
  readonly name: string
  readonly concurrency: number
  readonly pollingIntervalSeconds: number
  readonly onError: (error: unknown) => void
}

/** Starts consuming the queue in this process, with one worker for each job that may run at once. */
export async function consume({ boss, name, concurrency, pollingIntervalSeconds, onError }: Place, run: Runner): Promise<void> {
  // pg-boss gets the message and not only its id: one that was given to another worker meanwhile must not be settled here.
  const settle = async (message: Job<JobMessage>): Promise<void> => {
    const outcome = await run(message.data, { signal: message.signal }).catch((error) => {
      onError(error)
      return { kind: 'retry', delayMs: STORE_AWAY_MS } as const
    })
    if (outcome.kind !== 'retry') {
      await boss.deleteJob(name, message) // otherwise pg-boss would keep it as completed for days
      return
    }
    // After `fail` alone the message would wait for pg-boss's own pause, half a minute. Some adapters of `boss` have no transactions.
    const both = await boss.getDb().beginTransaction?.()
    try {
      await boss.fail(name, message, undefined, both)
      await boss.update(name, undefined, { id: message.id, startAfter: outcome.delayMs / 1_000, db: both?.db })
      await both?.commit()
    } finally {
      await both?.rollback() // what was not committed
    }
  }
  const options = {
    heartbeatRefreshSeconds: REFRESH_SECONDS,
    pollingIntervalSeconds,
    notifyPollingIntervalSeconds: pollingIntervalSeconds, // there is no notification when a delayed message becomes due
  }
  for (let place = 0; place < concurrency; place++) {
    let worker: string // unknown, and then nothing to notify, until `work` has resolved
    worker = await boss.work<JobMessage>(name, options, async (messages) => {
      for (const message of messages)
        await settle(message).catch((error) => {
          onError(error)
          throw error // so that pg-boss puts the message back by itself
        })
      boss.notifyWorker(worker) // fetches the next one at once
    })
  }
}
