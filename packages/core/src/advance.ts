import { type Context, reporter } from './context'
import type { Job, JobEvent } from './job'
import { type LifecycleEvent, transition } from './lifecycle'
import type { ChangeType } from './options'

export type Advanced = { readonly done: true; readonly job: Job } | { readonly done: false; readonly job: Job | null }

/**
 * Writes every change of a job: asks the lifecycle table, then compares and sets; after a lost race it starts over with the job as
 * stored now.
 *
 * @param event may be a function of the current job; `null` from it means that there is nothing left to do
 * @returns with `done: false`, the job for which the event was refused, or `null` if there is none
 */
export async function advance(
  context: Context,
  job: Job,
  event: LifecycleEvent | ((job: Job) => LifecycleEvent | null),
): Promise<Advanced> {
  for (let current: Job | null = job; current; ) {
    const wanted = typeof event === 'function' ? event(current) : event
    const next = wanted && transition(current, wanted, context.now())
    if (!next) return { done: false, job: current }
    const written = await context.store.replace(next, eventsOf(context, next, wanted.type))
    if (written.replaced) {
      context.changes.emit(next)
      announce(context, next, wanted.type)
      return { done: true, job: next }
    }
    current = written.current
  }
  return { done: false, job: null }
}

/** Tells the application of a change that is stored. */
export function announce(context: Context, job: Job, type: ChangeType): void {
  const { onChange } = context.options
  if (onChange) (async () => onChange(job, type))().catch(reporter(context, 'onChange', job))
}

/** The history event of a change, if the store keeps history. */
export function eventsOf(context: Context, job: Job, type: string): JobEvent[] | undefined {
  if (!context.store.capabilities.events) return undefined
  const { version, updatedAt: at, status, attempt, percentComplete, message, error } = job
  return [{ version, at, type, status, attempt, percentComplete, message, code: error?.code }]
}
