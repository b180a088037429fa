import type { Job, Platform, RunContext } from '@respond-async/core'
import { jobOf } from './object-protocol'

/** One call of an object's alarm handler. */
export interface Alarm {
  readonly context: RunContext & { readonly platform: Platform }
  /** Tells the run under this alarm that its job has changed. */
  changed(head: string): void
  /** Resolves when everything that was given to `waitUntil` has ended. */
  settled(): Promise<void>
}

const contexts = new WeakMap<Platform, RunContext>()

/** The context of runs under the alarm with this platform; `undefined`: it is the platform of a request. */
export const alarmContext = (platform: Platform): RunContext | undefined => contexts.get(platform)

/** Makes the platform for runs under an alarm. Objects ignore `waitUntil`, so the alarm handler itself waits for what is given to it. */
export function startAlarm(env: unknown, { exports, props }: DurableObjectState): Alarm {
  const held: Promise<unknown>[] = []
  const listeners = new Set<(job: Job) => void>()
  const waitUntil = (work: unknown) => {
    held.push(Promise.resolve(work)) // may be no promise, as with the platform's `waitUntil`
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
      for (const listener of listeners) listener(jobOf(head))
    },
    async settled() {
      for (const work of held) await work.catch((error) => console.error('respond-async: waitUntil:', error)) // may add more
    },
  }
}
