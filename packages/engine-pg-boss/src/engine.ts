import { type JobEngine, type JobMessage, JobsError } from '@respond-async/core'
import type { Db, PgBoss } from 'pg-boss'
import { consume } from './consumer'
import { messageId } from './message'
import { createQueue } from './queue'
import { noted } from './statements'

export interface PgBossEngineOptions {
  /** Starts with the first hand-over or with `jobs.start()`, if it is not started by then. It stays yours to stop, after `jobs.stop()`. */
  boss: PgBoss
  /** Name of the queue, for these jobs alone; made where it is missing. @default 'respond-async' */
  queue?: string
  /** How many jobs a process runs at once after `jobs.start()`. Each place asks Postgres for work by itself. @default 10 */
  concurrency?: number
  /**
   * How often a place that is idle looks for work, in seconds, at least 0.5: what a job waits for at most while places are idle. With
   * `new PgBoss({ useListenNotify: true })` one that may start now is taken at once; delayed starts and retries wait for a look.
   * @default 2
   */
  pollingIntervalSeconds?: number
  /**
   * Whether a job is handed over in the statement that stores it, where the store can do that. `false` where pg-boss has another
   * database than the jobs.
   * @default true
   */
  transaction?: boolean
  /** Hears what goes wrong with nobody to be thrown to, and of errors of `boss` where nobody else listens. @default console.error */
  onError?: (error: unknown) => void
}

/**
 * Carries jobs to worker processes over pg-boss. A process that only accepts hands over; one that calls `jobs.start()` runs them.
 *
 * @throws {JobsError} `invalid_option`
 */
export function pgBossEngine(options: PgBossEngineOptions): JobEngine {
  const {
    boss,
    queue: name = 'respond-async',
    concurrency = 10,
    pollingIntervalSeconds = 2,
    transaction = true,
    onError = report,
    ...others
  } = options
  for (const name in others) throw invalid(`${name} is no option`)
  if (typeof boss?.send !== 'function') throw invalid('boss is missing: give it a new PgBoss(…)')
  if (!/^[\w.-]+$/.test(name)) throw invalid(`queue must be a name of letters, digits, "_", "-" and ".", not ${JSON.stringify(name)}`)
  if (!Number.isInteger(concurrency) || concurrency < 1)
    throw invalid(`concurrency must be a whole number from 1, not ${String(concurrency)}`)
  if (!(pollingIntervalSeconds >= 0.5)) throw invalid(`pollingIntervalSeconds must be at least 0.5, not ${String(pollingIntervalSeconds)}`)
  const queue = createQueue(boss, name, onError)
  let started = false
  let stopped = false
  const send = async (message: JobMessage, delayMs: number, db?: Db) => {
    if (stopped) throw new JobsError('draining', 'This engine was stopped.')
    await queue.send(message, { id: messageId(message.id, message.dispatch), startAfter: delayMs / 1_000, db })
  }

  return {
    capabilities: {
      ...{ durable: true, remote: true, maxRunMs: MAX_RUN_MS, delay: true, cancel: 'remote' },
      transaction: transaction ? 'postgres' : undefined,
    },
    dispatch: (message, { delayMs }) => send(message, delayMs),
    prepare: (message, { delayMs }) => noted((db) => send(message, delayMs, db)),
    /** Where the message waits it is gone; where it runs, its worker finds that out within some seconds and tells the run. */
    async cancel(id, dispatch) {
      if (stopped) return // whoever gets the message will find the job canceled
      await queue.ready()
      await boss.deleteJob(name, messageId(id, dispatch))
    },
    async start(run) {
      if (started) return
      await queue.ready()
      started = true
      await consume({ boss, name, concurrency, pollingIntervalSeconds, onError }, run)
    },
    async stop(drainMs) {
      stopped = true
      if (started) await atMost(drainMs, boss.offWork(name, { wait: true }))
    },
  }
}

/** A minute less than what pg-boss lets a message be worked on, which is a day: a job's own time limit comes first. */
const MAX_RUN_MS = 86_340_000

async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([work, over]).finally(() => clearTimeout(timer))
}

const invalid = (message: string) => new JobsError('invalid_option', `pgBossEngine: ${message}`)
const report = (error: unknown) => console.error('respond-async: pg-boss:', error)
