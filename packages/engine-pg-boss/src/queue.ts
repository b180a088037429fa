import type { PgBoss } from 'pg-boss'

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

/** The queue of these jobs, made when it is first needed. A failure is met again by the next who asks. */
export function createQueue(boss: PgBoss, name: string, onError: (error: unknown) => void) {
  let making: Promise<void> | undefined
  const make = async () => {
    if (boss.listenerCount('error') === 0) boss.on('error', onError) // without a listener a lost connection would end the process
    await boss.start()
    await boss.createQueue(name, SETTINGS)
  }
  return {
    ready(): Promise<void> {
      making ??= make().catch((error) => {
        making = undefined
        throw error
      })
      return making
    },
  }
}
