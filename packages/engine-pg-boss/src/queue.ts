import type { JobMessage } from '@respond-async/core'
import type { PgBoss, SendOptions } from 'pg-boss'

/**
 * Queue settings. A worker keeps a message by a heartbeat every few seconds, from which it also learns of a cancel. A silent worker loses
 * the message to another one, which will find the job running or dispatched again.
 */
const SETTINGS = {
  expireInSeconds: 86_400, // the maximum of pg-boss
  heartbeatSeconds: 60,
  retryLimit: 1_000_000, // jobs count their attempts themselves
  retryDelay: 30,
  retentionSeconds: 31_536_000, // counts from when a message is due
  notify: true,
}

/**
 * The queue of these jobs, created on first use, and again if it was deleted. After a failure the next call tries again.
 */
export function createQueue(boss: PgBoss, name: string, onError: (error: unknown) => void) {
  let making: Promise<void> | undefined
  const make = async () => {
    if (boss.listenerCount('error') === 0) boss.on('error', onError) // without a listener a lost connection would crash the process
    await boss.start()
    await boss.createQueue(name, SETTINGS)
  }
  const ready = (): Promise<void> => {
    making ??= make().catch((error) => {
      making = undefined
      throw error
    })
    return making
  }
  return {
    ready,
    async send(message: JobMessage, options: SendOptions): Promise<void> {
      const send = () => boss.send(name, message, options)
      await ready()
      try {
        // No id: a message with this one exists, or the queue does not. With `db`, which only records, a cached queue counts as existing.
        if ((await send()) || options.db) return
      } catch (error) {
        if ((error as Error).message !== `Queue ${name} does not exist`) throw error
      }
      making = undefined
      await ready()
      await send()
    },
  }
}
