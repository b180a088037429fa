import type { Job } from './job'

/**
 * Decides whether the lease of a running job is over.
 *
 * The clocks of two processes may differ, so a lease that has ended by this one's clock may be valid by the worker's. If other processes
 * run jobs too, this one therefore watches the job for another half lease, by its own stopwatch: a live worker renews the lease after a
 * third, and every renewal is a new version. Clocks of different processes are never compared.
 */
export interface Leases {
  isOver(job: Job): boolean
}

/** @param clock milliseconds that only ever go forward */
export function observedLeases(leaseMs: number, clock: () => number = () => performance.now()): Leases {
  const patienceMs = leaseMs / 2
  /** Running jobs whose lease looked over: at which version, and since when; oldest first. */
  const seen = new Map<string, { version: number; at: number }>()
  const forget = (now: number) => {
    for (const [id, { at }] of seen) {
      if (now - at < 10 * leaseMs) break
      seen.delete(id)
    }
  }
  return {
    isOver({ id, version }) {
      const now = clock()
      const first = seen.get(id)
      if (first?.version === version) return now - first.at >= patienceMs
      forget(now)
      seen.delete(id) // keeps the order, oldest first
      seen.set(id, { version, at: now })
      return false
    },
  }
}

/** For a single clock: one process, or a platform with synchronized clocks. */
export const COMPARED: Leases = { isOver: () => true }
