import { type JobEngine, type JobMessage, JobsError } from '@respond-async/core'
import type { Db, PgBoss } from 'pg-boss'
import { consume } from './consumer'
import { messageId } from './message'
import { createQueue } from './queue'
import { noted } from './statements'
import { within } from './within'

/** Options of {@link pgBossEngine}. */
export interface PgBossEngineOptions {
  /** Started with the first job or with `jobs.start()`, unless it is already. The application must stop it, after `jobs.stop()`. */
  boss: PgBoss
  /** Name of the queue, only for these jobs; created if missing. @default 'respond-async' */
  queue?: string | undefined
  /** Number of jobs that a process runs at once after `jobs.start()`. Each slot polls Postgres by itself. @default 10 */
  concurrency?: number | undefined
  /**
   * How often an idle slot polls for jobs, in seconds, at least 0.5; a job waits no longer than this if slots are idle. With
   * `new PgBoss({ useListenNotify: true })` a job that may start now is taken at once; delayed starts and retries still wait for a poll.
   * @default 2
   */
  pollingIntervalSeconds?: number | undefined
  /**
   * Whether the message of a job is written in the statement that stores the job, if the store can do that. Must be `false` if pg-boss
   * uses another database than the jobs.
   * @default true
   */
  transaction?: boolean | undefined
  /** Called with errors that no caller can catch, and with those of `boss` if it has no other listener. @default console.error */
  onError?: ((error: unknown) => void) | undefined
}

/**
 * Carries jobs to worker processes over pg-boss. Processes that accept requests add jobs to the queue; those that call `jobs.start()` run
 * them.
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
  } = { ...options }
  if (!boss?.send) throw invalid('boss is missing: pass { boss: new PgBoss(url) }')
  for (const name in others) throw invalid(`${name} is not an option`)
  if (!/^[\w.-]+$/.test(name)) throw invalid(`queue must be a name of letters, digits and "_-.", not ${JSON.stringify(name)}`)
  if (!Number.isInteger(concurrency) || concurrency < 1) throw invalid(`concurrency must be a whole number from 1, not ${concurrency}`)
  if (!(pollingIntervalSeconds >= 0.5)) throw invalid(`pollingIntervalSeconds must be at least 0.5, not ${pollingIntervalSeconds}`)
  const queue = createQueue(boss, name, onError)
  let stopped = false
  const send = async (message: JobMessage, delayMs: number, db?: Db) => {
    if (stopped) throw new JobsError('draining', 'This engine was stopped.')
    const options = { id: messageId(message.id, message.dispatch), startAfter: delayMs / 1_000, db }
    await within(HAND_OVER_MS, queue.send(message, options), 'Postgres did not answer in time')
  }

  return {
    capabilities: {
      durable: true,
      remote: true,
      maxRunMs: MAX_RUN_MS,
      delay: true,
      cancel: 'remote',
      transaction: transaction ? 'postgres' : undefined,
    },
    dispatch: (message, { delayMs }) => send(message, delayMs),
    prepare: (message, { delayMs }) => noted((db) => send(message, delayMs, db)),
    /**
     * Deletes the messages of all hand-overs so far, the job may run by any of them. The worker of one that is being run notices within
     * seconds and aborts the run.
     */
    async cancel(id, dispatch) {
      if (stopped) return // the worker that gets the message will find the job canceled
      await queue.ready()
      const messages = Array.from({ length: dispatch }, (_, at) => messageId(id, at + 1))
      await boss.deleteJob(name, messages)
    },
    async start(run) {
      await queue.ready()
      if (stopped) return // meanwhile
      await consume({ boss, name, concurrency, pollingIntervalSeconds, onError }, run)
    },
    async stop(drainMs) {
      stopped = true
      await within(drainMs, boss.offWork(name))
    },
  }
}

/** Longest run, in milliseconds: a minute less than the limit of pg-boss, a day, so that the job's own limit comes first. */
const MAX_RUN_MS = 86_340_000

/** How long a hand-over may take, in milliseconds: as long as pg-boss waits for a connection. Later it is the sweeper's. */
const HAND_OVER_MS = 10_000

const invalid = (message: string) => new JobsError('invalid_option', `pgBossEngine: ${message}`)
const report = (error: unknown) => console.error('respond-async: pg-boss:', error)
