import type { Context } from './context'
import type { Job } from './job'
import { isTerminal } from './lifecycle'

/** Pauses between reads where not every change is heard in this process, in milliseconds: short at first, then calmer. */
const READ_AGAIN_MS = [50, 100, 250, 500, 1_000]

/**
 * Waits at most `ms` until the job has changed from `revision` (with `untilOver`: until it is finished), and resolves to the job
 * as it is then; `null` when it is gone.
 */
export async function waitForChange(context: Context, id: string, revision: number, ms: number, untilOver: boolean): Promise<Job | null> {
  const enough = (job: Job) => isTerminal(job.status) || (!untilOver && job.revision !== revision)
  const until = context.now() + ms
  for (let round = 0; ; round++) {
    const change = listen(context, id, enough) // before the read, so that no change falls between the two
    const job = await context.store.get(id, 'head')
    const left = until - context.now()
    if (!job || enough(job) || left <= 0) {
      change.stop()
      return job
    }
    await change.within(context.changes.complete ? left : Math.min(left, READ_AGAIN_MS[round] ?? 1_000))
  }
}

/** A change that is enough, from now on: `within` resolves at it, or when the time is over. */
function listen(context: Context, id: string, enough: (job: Job) => boolean) {
  let heard = () => {}
  let happened = false
  const stop = context.changes.on(id, (job) => {
    if (!enough(job)) return
    happened = true
    heard()
  })
  return {
    stop,
    within: (ms: number) =>
      new Promise<void>((resolve) => {
        const timer = setTimeout(() => heard(), ms)
        heard = () => {
          clearTimeout(timer)
          stop()
          resolve()
        }
        if (happened) heard()
      }),
  }
}
