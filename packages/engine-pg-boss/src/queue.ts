import type { JobMessage } from '@respond-async/core'
import type { PgBoss, SendOptions } from 'pg-boss'

/**
 * How pg-boss treats a message. It is worked on as long as its worker says so every few seconds: that is also how a worker finds
 * out that it was canceled. A worker that is silent loses it to another, which will find the job running or handed over again.
 */
const SETTINGS = {
  expireInSeconds: 86_400, // the most that pg-boss allows
  heartbeatSeconds: 60,
  retryLimit: 1_000_000, // jobs count their attempts themselves
  retryDelay: 30,
  retentionSeconds: 31_536_000, // a delayed start counts from when it is due
  notify: true,
}

/**
 * The queue of these jobs, made when it is first needed, and again where somebody has deleted it. A failure is met again by the next
 * who asks.
 */
export function createQueue(boss: PgBoss, name: string, onError: (error: unknown) => void) {
  let making: Promise<void> | undefined
  const make = async () => {
    if (boss.listenerCount('error') === 0) boss.on('error', onError) // without a listener a lost connection would end the process
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
  /** Whether there was a queue to take it. What is only noted cannot tell, as long as pg-boss remembers the queue. */
  const isTaken = async (message: JobMessage, options: SendOptions): Promise<boolean> => {
    try {
      const id = await boss.send(name, message, options)
      return id !== null || options.db !== undefined || (await boss.getQueue(name)) !== null // there already is a message of this id
    } catch (error) {
      if (error instanceof Error && error.message === `Queue ${name} does not exist`) return false
      throw error
    }
  }
  return {
    ready,
    async send(message: JobMessage, options: SendOptions): Promise<void> {
      const made = ready()
      await made
      if (await isTaken(message, options)) return
      if (making === made) making = undefined // not where another message has had it made again meanwhile
      await ready()
      await boss.send(name, message, options)
    },
  }
}
