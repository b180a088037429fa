import type { Context } from './context'
import type { Job } from './job'
import { isTerminal } from './lifecycle'
import type { JobRequest } from './request'
import { atMost } from './time'

/**
 * Pauses between reads if not every change is notified in this process, in milliseconds: short at first, because a change may come
 * before the store's watch has begun.
 */
const READ_AGAIN_MS = [50, 100, 250, 500]
const READ_LATER_MS = 1_000
const READ_LATER_IF_WATCHED_MS = 5_000

/** How long to hold a client that asks to wait `seconds`, in milliseconds. */
export const waitMsOf = (context: Context, seconds: number): number => Math.min(seconds * 1000, context.options.maxWaitMs)

/**
 * Waits at most `ms` milliseconds until the job has changed from `revision`, or with `untilOver` until it has finished. Resolves to the
 * job as it is then; `null` if it is gone. Ends early when the client disconnects.
 */
export async function waitForChange(
  context: Context,
  { id, revision }: Job,
  ms: number,
  untilOver: boolean,
  { signal }: JobRequest,
): Promise<Job | null> {
  const enough = (job: Job) => isTerminal(job.status) || (!untilOver && job.revision !== revision)
  const { complete, watched } = context.changes
  let until = performance.now() + ms // not `Date.now`: the system clock may be changed
  let wake = () => {}
  const leave = () => {
    until = 0
    wake()
  }
  signal?.addEventListener('abort', leave)
  if (signal?.aborted) leave()
  // Subscribed before the read, so that no change is missed in between.
  const stop = context.changes.on(id, (job) => {
    if (!job || enough(job)) wake()
  })
  try {
    for (let round = 0; ; round++) {
      // Made before the read, so that a change that comes meanwhile is read at once.
      const told = new Promise<void>((resolve) => {
        wake = resolve
      })
      const job = await context.store.get(id, 'head')
      const left = until - performance.now()
      if (!job || enough(job) || left <= 0) return job
      const pause = READ_AGAIN_MS[round] ?? (watched ? READ_LATER_IF_WATCHED_MS : READ_LATER_MS)
      await atMost(complete ? left : Math.min(left, pause), told)
    }
  } finally {
    stop()
    signal?.removeEventListener('abort', leave)
  }
}
