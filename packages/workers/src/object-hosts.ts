import type { Platform, StoreHost } from '@respond-async/core'
import type { JobNamespace } from './object-protocol'

/**
 * Which jobs belong to a namespace, in this isolate. An alarm is called on an object, not on the module that made the jobs: here it
 * finds them again. The last ones count, so that jobs made anew for every request do not pile up.
 */
const hosts = new Map<string, { readonly namespace: JobNamespace; readonly host: StoreHost }>()

export function attachHost(namespace: JobNamespace, host: StoreHost): void {
  hosts.set(namespace.idFromName('').toString(), { namespace, host })
}

/** The jobs whose namespace made this id. */
export function hostOf(id: DurableObjectId): StoreHost | undefined {
  const { name } = id
  for (const { namespace, host } of hosts.values()) if (name === undefined || namespace.idFromName(name).equals(id)) return host
  return undefined
}

const alarms = new WeakSet<Platform>()

/** Whether what this platform holds runs under the alarm of the job's own object. */
export const isUnderAlarm = (platform: Platform): boolean => alarms.has(platform)

/** What a run under an alarm is given. An object ignores `waitUntil`, so the alarm itself waits for what is handed to it. */
export function alarmPlatform(env: unknown): { readonly platform: Platform; readonly settled: () => Promise<void> } {
  const held: Promise<unknown>[] = []
  const waitUntil = (work: Promise<unknown>) => {
    held.push(work)
  }
  const platform: Platform = { env, waitUntil, context: { waitUntil, passThroughOnException() {}, props: {} } }
  alarms.add(platform)
  return {
    platform,
    async settled() {
      for (const work of held) {
        await work.catch((error) => console.error('respond-async: waitUntil:', error)) // more may be handed over meanwhile
      }
    },
  }
}
