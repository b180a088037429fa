import type { StoreHost } from '@respond-async/core'
import type { JobNamespace } from './object-protocol'

/**
 * The jobs of each namespace in this isolate: here an object finds the jobs that the module has made. The latest ones replace earlier
 * ones, so that jobs that are made for every request do not pile up.
 */
const hosts = new Map<string, { readonly namespace: JobNamespace; readonly host: StoreHost }>()

export function attachHost(namespace: JobNamespace, host: StoreHost): void {
  hosts.set(namespace.idFromName('').toString(), { namespace, host })
}

/** The jobs and the namespace that this id belongs to. */
export function hostOf(id: DurableObjectId): { readonly namespace: JobNamespace; readonly host: StoreHost } | undefined {
  for (const known of hosts.values()) if (isOf(known.namespace, id)) return known
  return undefined
}

/** An object that was started by its alarm may not know its name: then the platform tells, which throws for an id of another namespace. */
function isOf(namespace: JobNamespace, id: DurableObjectId): boolean {
  if (id.name !== undefined) return namespace.idFromName(id.name).equals(id)
  try {
    namespace.idFromString?.(id.toString())
    return true
  } catch {
    return false
  }
}
