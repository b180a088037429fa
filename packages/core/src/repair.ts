import { advance } from './advance'
import { type Context, isForSweeper, optionsOf, reporter, startBy, ttlOf } from './context'
import { type LeftMessage, messageOf, type Platform } from './engine'
import type { Job } from './job'
import { tidy } from './leftovers'
import { isTerminal, type LifecycleEvent, tombstone } from './lifecycle'
import { backoff } from './operation'
import { isOwed } from './outbox'
import { onWorkers } from './settings'

export const LOST = {
  code: 'lost',
  status: 500,
  title: 'The job was lost',
  message: 'The process that ran it stopped, and no attempt is left.',
}
export const TIMEOUT = { code: 'timeout', status: 504, title: 'The job took too long', message: 'It was stopped at its time limit.' }

/**
 * What an overdue job needs, whoever finds it: the sweeper or a read of its status. A job that nobody renewed is released while
 * attempts are left and failed when not; a queued one is handed over again; a finished one becomes a tombstone, and that is
 * forgotten. Resolves to the job as it is after that, `null` when it is gone.
 */
export async function repair(context: Context, job: Job, platform?: Platform): Promise<Job | null> {
  const now = context.now()
  if (!isDue(job, now)) return job
  if (isOwed(job, now)) return post(context, job, platform)
  if (isTerminal(job.status)) return bury(context, job)
  let delayMs = 0
  const { job: after, done } = await advance(context, job, (current) => {
    delayMs = current.status === 'running' ? pauseAfter(context, current) : 0 // what is queued has had its pause
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

/** The job by its id, as it is after that. */
export async function repaired(context: Context, id: string, platform?: Platform): Promise<Job | null> {
  const job = await context.store.get(id, 'head')
  return job && repair(context, job, platform)
}

/** Whether somebody must look at a job. */
export const isDue = ({ dueAt }: Job, now: number): boolean => dueAt !== null && dueAt <= now

/** Tells of the end of a job what it owes. Nobody waits for that, but on Workers: the platform, where it is at hand, or whoever asks for it. */
export async function post({ outbox }: Context, job: Job, platform: Platform | undefined): Promise<Job> {
  const told = outbox?.post(job)
  if (told && platform?.waitUntil) platform.waitUntil(told)
  else if (onWorkers()) await told
  return job
}

/** The event for a job whose `dueAt` has come, or `null` when somebody has been quicker. */
function overdue(context: Context, job: Job, now: number, delayMs: number): LifecycleEvent | null {
  if (!isDue(job, now)) return null
  if (job.status === 'queued') {
    if (context.draining) return null // the next process hands it over, sooner than this would be
    // Later each time: behind a backlog every one is a message more that somebody has to look at.
    return { type: 'redispatch', dueAt: now + context.options.startDeadlineMs * Math.min(job.dispatch, 4) }
  }
  if (isAlive(context, job)) return null // and one that has ended meanwhile is refused by the table
  const { attempt } = job
  const ttlMs = ttlOf(context, job)
  if (job.cancelRequestedAt !== undefined) return { type: 'cancel', attempt, ttlMs }
  if (attempt >= job.maxAttempts || !job.request)
    return { type: 'fail', attempt, ttlMs, error: (job.timeoutAt ?? now + 1) <= now ? TIMEOUT : LOST }
  return { type: 'release', attempt, dueAt: startBy(context, delayMs, now), redispatch: true }
}

/**
 * Whether somebody still works on a running job. To be asked of the job as it is stored now: one that was read while it waited may
 * have been claimed since, and by the clock of its worker its time may be long over.
 */
const isAlive = (context: Context, job: Job) =>
  context.running.get(job.id)?.attempt === job.attempt || // here; one long tick kept it from renewing
  !context.leases.isOver(job)

/** How long a job waits after an attempt that was lost. */
function pauseAfter(context: Context, job: Job): number {
  const options = optionsOf(context, job)
  return options ? backoff(job, options, context.options.random) : 0
}

/** Hands a queued job over again. If that fails, its `dueAt` brings it back. */
async function redispatch(context: Context, job: Job, delayMs: number, platform: Platform | undefined): Promise<void> {
  if (isForSweeper(context, delayMs)) return
  const options = optionsOf(context, job)
  const reservation = context.engine.reserve?.(delayMs, options?.maxRunMs, platform)
  if (reservation === null) return
  try {
    await context.engine.dispatch(messageOf(job), { delayMs, reservation, platform, maxRunMs: options?.maxRunMs })
  } catch (error) {
    reservation?.release()
    reporter(context, 'dispatch', job)(error)
  }
}

/** Gives jobs that this process held in its own queue to whoever sweeps next. */
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
 * Takes everything from a finished job but what answers 410, for as long as tombstones are kept. Of a tombstone that has had its time
 * nothing is left.
 */
export async function bury(context: Context, job: Job): Promise<Job | null> {
  const { store, options } = context
  if (job.goneAt !== undefined || options.tombstoneMs === 0) {
    // Before the record: without it nobody would try again. Of a tombstone once more: it may have failed when the job was buried.
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

/** Somebody has written first. On a finished job that was a try to tell of its end, and what is to go has to go all the same. */
const again = async (context: Context, current: Job | null): Promise<Job | null> =>
  current && isTerminal(current.status) && current.goneAt === undefined ? bury(context, current) : current

/** Bodies in a place of their own, which do not go with their record. */
async function removeBlobs(context: Context, id: string): Promise<void> {
  if (context.options.blobs) await context.blobs?.remove(id)
}

/** How many jobs one read of a sweep takes. */
const BATCH = 100

/**
 * Repairs everything that is overdue, a batch at a time. Resolves to how many jobs it looked at.
 *
 * Ends where so many as are in a batch cannot be repaired: the store can be read and takes no writes, and all the others would have to
 * be read, refused and told of as well. A tombstone says nothing of the store: it is the bodies, kept elsewhere, that do not go.
 */
export async function sweep(context: Context, platform?: Platform): Promise<number> {
  const { store } = context
  if (!store.due) return 0
  const before = context.now()
  /** Looked at, and still overdue: a worker that lives may be silent for a while, and a record may be broken. */
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
