import type { StoreHost } from '@respond-async/core'
import type { JobNamespace } from './object-protocol'

/**
 * Which jobs belong to a namespace, in this isolate. An alarm is called on an object, not on the module that made the jobs: here it
 * finds them again. The last ones count, so that jobs made anew for every request do not pile up.
 */
const hosts = new Map<string, { readonly namespace: JobNamespace; readonly host: StoreHost }>()

export function attachHost(namespace: JobNamespace, host: StoreHost): void {
  hosts.set(namespace.idFromName('').toString(), { namespace, host })
}

/** The jobs whose namespace made this id, and the namespace. */
export function hostOf(id: DurableObjectId): { readonly namespace: JobNamespace; readonly host: StoreHost } | undefined {
  for (const known of hosts.values()) if (isOf(known.namespace, id)) return known
  return undefined
}

/** An object that was started by its alarm may not know its name. The platform throws for an id of another namespace. */
function isOf(namespace: JobNamespace, id: DurableObjectId): boolean {
  if (id.name !== undefined) return namespace.idFromName(id.name).equals(id)
  try {
    namespace.idFromString?.(id.toString())
    return true
  } catch {
    return false
  }
}
