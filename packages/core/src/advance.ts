import type { Context } from './context'
import type { Job, JobEvent } from './job'
import { type LifecycleEvent, transition } from './lifecycle'

export type Advanced = { readonly done: true; readonly job: Job } | { readonly done: false; readonly job: Job | null }

/**
 * The one writer: asks the table, compares and sets, and on a lost race asks again with what is stored now.
 *
 * `event` may be made from the job as it is by then; `null` means there is nothing to do any more. `done: false` brings the job
 * that refused it, or `null` when there is none.
 */
export async function advance(
  context: Context,
  job: Job,
  event: LifecycleEvent | ((job: Job) => LifecycleEvent | null),
): Promise<Advanced> {
  for (let current = job; ; ) {
    const wanted = typeof event === 'function' ? event(current) : event
    const next = wanted && transition(current, wanted, context.now())
    if (!next) return { done: false, job: current }
    const written = await context.store.replace(next, eventsOf(context, next, wanted.type))
    if (written.replaced) {
      context.changes.emit(next)
      return { done: true, job: next }
    }
    if (!written.current) return { done: false, job: null }
    current = written.current
  }
}

/** The line of history for a change, where the store keeps one. */
export function eventsOf(context: Context, job: Job, type: string): JobEvent[] | undefined {
  if (!context.store.capabilities.events) return undefined
  const { version, updatedAt: at, status, attempt, percentComplete, message, error } = job
  return [{ version, at, type, status, attempt, percentComplete, message, code: error?.code }]
}
