import type { Job, Platform, RunContext } from '@respond-async/core'
import { jobOf } from './object-protocol'

/** One call of an object's alarm, for what runs under it. */
export interface Alarm {
  readonly context: RunContext & { readonly platform: Platform }
  /** Tells the run under this alarm, and no earlier one that the object was reset in, what its job has become. */
  changed(head: string): void
  /** Resolves when all that was handed to `waitUntil` has ended. */
  settled(): Promise<void>
}

const contexts = new WeakMap<Platform, RunContext>()

/** What a run gets that is dispatched under an alarm; `undefined`: this is the platform of a request. */
export const alarmContext = (platform: Platform): RunContext | undefined => contexts.get(platform)

/** What the platform gives to a run under an alarm. An object ignores `waitUntil`, so the alarm itself waits for what is handed to it. */
export function startAlarm(env: unknown, { exports, props }: DurableObjectState): Alarm {
  const held: Promise<unknown>[] = []
  const listeners = new Set<(job: Job) => void>()
  const waitUntil = (work: unknown) => {
    held.push(Promise.resolve(work)) // the platform's takes what is no promise, too
  }
  const platform: Platform = { env, waitUntil, context: { waitUntil, passThroughOnException() {}, exports, props } }
  const context = {
    platform,
    onChange(listener: (job: Job) => void) {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },
  }
  contexts.set(platform, context)
  return {
    context,
    changed(head) {
      for (const listener of [...listeners]) listener(jobOf(head))
    },
    async settled() {
      for (const work of held) await work.catch((error) => console.error('respond-async: waitUntil:', error)) // which may hand over more
    },
  }
}
