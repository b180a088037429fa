import { advance } from './advance'
import { type Context, isForSweeper, optionsOf, reporter, startBy, ttlOf } from './context'
import { type LeftMessage, messageOf, type Platform } from './engine'
import { LOST, TIMEOUT } from './failure'
import { isDue, type Job } from './job'
import { tidy } from './leftovers'
import { isTerminal, type LifecycleEvent, tombstone } from './lifecycle'
import { backoff, unknownOperation } from './operation'
import { isOwed, post } from './outbox'

/**
 * Repairs a job that is overdue, found by a sweep or by a read of its status. A running job whose lease ran out is released if attempts
 * are left, otherwise it fails; a queued one is dispatched again; a finished one becomes a tombstone; a tombstone is removed. Resolves
 * to the job after that, `null` if it is gone.
 */
export async function repair(context: Context, job: Job, platform?: Platform): Promise<Job | null> {
  const now = context.now()
  if (!isDue(job, now)) return job
  if (isOwed(job, now)) return post(context, job, platform)
  if (isTerminal(job.status)) return bury(context, job)
  let delayMs = 0
  const { job: after, done } = await advance(context, job, (current) => {
    delayMs = current.status === 'running' ? pauseAfter(context, current) : 0 // a queued job has had its pause
    return overdue(context, current, now, delayMs)
  })
  if (!done) return after
  if (after.status === 'queued') await redispatch(context, after, delayMs, platform)
  else {
    if (job.request?.chunkBytes !== undefined) await tidy(context, after, true)
    await post(context, after, platform)
  }
  return after
}

/** Reads a job and repairs it if it is overdue. */
export async function repaired(context: Context, id: string, platform?: Platform): Promise<Job | null> {
  const job = await context.store.get(id, 'head')
  return job && repair(context, job, platform)
}

/** The event for an overdue job, or `null` if it is not overdue any more. */
function overdue(context: Context, job: Job, now: number, delayMs: number): LifecycleEvent | null {
  if (!isDue(job, now)) return null
  if (job.status === 'queued') {
    if (context.draining) return null // left to the next process, which dispatches it sooner
    // Longer each time: behind a backlog each dispatch adds a message that somebody has to process.
    return { type: 'redispatch', dueAt: now + context.options.startDeadlineMs * Math.min(job.dispatch, 4) }
  }
  if (isAlive(context, job)) return null // if it has ended meanwhile, the table refuses the event
  const { attempt } = job
  const ttlMs = ttlOf(context, job)
  if (job.cancelRequestedAt !== undefined) return { type: 'cancel', attempt, ttlMs }
  if (attempt >= job.maxAttempts || !job.request)
    return { type: 'fail', attempt, ttlMs, error: (job.timeoutAt ?? now + 1) <= now ? TIMEOUT : LOST }
  return { type: 'release', attempt, dueAt: startBy(context, delayMs, now), redispatch: true }
}

/**
 * Whether a worker still runs the job. Must be given the job as stored now: one that was read while it was queued may have been claimed
 * since, and by the clock of its worker its lease may look long over.
 */
const isAlive = (context: Context, job: Job) =>
  context.running.get(job.id)?.attempt === job.attempt || // in this process, which was too busy to renew
  !context.leases.isOver(job)

/** Pause after a lost attempt, in milliseconds. */
function pauseAfter(context: Context, job: Job): number {
  const options = optionsOf(context, job)
  return options ? backoff(job, options, context.options.random) : 0
}

/** Dispatches a queued job again. If that fails, its `dueAt` brings it back. */
async function redispatch(context: Context, job: Job, delayMs: number, platform: Platform | undefined): Promise<void> {
  if (isForSweeper(context, delayMs)) return
  const options = optionsOf(context, job)
  const report = reporter(context, 'dispatch', job)
  // Only this process would get it back, and it would keep the place of a job that can run here.
  if (!options && !context.engine.capabilities.remote) return report(unknownOperation(job.operation))
  const reservation = context.engine.reserve?.(delayMs, options?.maxRunMs, platform)
  if (reservation === null) return
  try {
    await context.engine.dispatch(messageOf(job), { delayMs, reservation, platform, maxRunMs: options?.maxRunMs })
  } catch (error) {
    reservation?.release()
    report(error)
  }
}

/** Makes jobs that this process held in its own queue due, so that the next sweep dispatches them. */
export async function handBack(context: Context, messages: readonly LeftMessage[]): Promise<void> {
  if (!context.store.capabilities.durable) return
  const give = async ({ id, dispatch, delayMs = 0 }: LeftMessage) => {
    const job = await context.store.get(id, 'head')
    const dueAt = context.now() + Math.ceil(delayMs)
    if (job) await advance(context, job, (current) => (current.dispatch === dispatch ? { type: 'redispatch', dueAt } : null))
  }
  await Promise.all(messages.map((message) => give(message).catch(reporter(context, 'stop', message))))
}

/**
 * Turns a finished job into a tombstone, which answers 410; removes a tombstone whose time is over, or the job itself if tombstones are
 * not kept.
 */
export async function bury(context: Context, job: Job): Promise<Job | null> {
  const { store, options } = context
  if (job.goneAt !== undefined || options.tombstoneMs === 0) {
    // Before the record: without the record nobody would try again. For a tombstone too: it may have failed before.
    await removeBlobs(context, job.id)
    return (await store.remove(job.id, job.version)) ? null : again(context, await store.get(job.id, 'head'))
  }
  const now = context.now()
  const stone = tombstone(job, now, now + options.tombstoneMs)
  const written = await store.replace(stone)
  if (!written.replaced) return again(context, written.current)
  await removeBlobs(context, job.id)
  return stone
}

/** Retries after a lost race: on a finished job that was a webhook try, and the job must still go. */
const again = async (context: Context, current: Job | null): Promise<Job | null> =>
  current && isTerminal(current.status) && current.goneAt === undefined ? bury(context, current) : current

/** Removes bodies from a separate blob store, where they are not removed with their record. */
async function removeBlobs(context: Context, id: string): Promise<void> {
  if (context.options.blobs) await context.blobs?.remove(id)
}

/** Number of jobs that one read of a sweep returns. */
const BATCH = 100

/**
 * Repairs all overdue jobs, a batch at a time. Resolves to the number of jobs it looked at.
 *
 * Ends when as many jobs as are in a batch could not be repaired: the store can be read but not written, and all further jobs would fail
 * and be reported too. Tombstones do not count: they fail when the separate blob store cannot remove their bodies.
 */
export async function sweep(context: Context, platform?: Platform): Promise<number> {
  const { store } = context
  if (!store.due) return 0
  const before = context.now()
  /** Jobs that were looked at and are still overdue: their worker may be alive but silent, or the record broken. */
  const left = new Set<string>()
  let refused = 0
  for (let seen = 0; ; ) {
    const due = await store.due(before, left.size + BATCH)
    const jobs = due.filter(({ id }) => !left.has(id))
    const look = async (job: Job) => {
      try {
        const after = await repair(context, job, platform)
        if (after && isDue(after, before)) left.add(job.id)
      } catch (error) {
        left.add(job.id)
        if (!job.goneAt) refused++
        reporter(context, 'sweep', job)(error)
      }
    }
    await Promise.all(jobs.map(look))
    seen += jobs.length
    if (jobs.length < BATCH || refused >= BATCH) return seen
  }
}
