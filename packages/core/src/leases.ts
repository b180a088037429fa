import type { Job } from './job'

/**
 * Says when the lease of a running job is over.
 *
 * The clocks of two processes may be far apart, so a lease that has ended by this one's may be alive by its worker's. Where
 * others run jobs too, one is therefore given half a lease more, by this process's own stopwatch: a worker that lives
 * renews it in a third of one, and every renewal is a new version. No two clocks are ever compared.
 */
export interface Leases {
  isOver(job: Job): boolean
}

/** @param clock milliseconds that only ever go forward */
export function observedLeases(leaseMs: number, clock: () => number = () => performance.now()): Leases {
  const patienceMs = leaseMs / 2
  /** Running jobs whose time was seen to be over, oldest first, and at which version. */
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
      seen.delete(id) // so that the oldest stay in front
      seen.set(id, { version, at: now })
      return false
    },
  }
}

/** Where one clock is all there is: in one process, and on a platform that keeps its own. */
export const COMPARED: Leases = { isOver: () => true }
