import type { Settings } from './context'
import type { Job } from './job'

type PacingOptions = Pick<Settings, 'retryAfterMinMs' | 'retryAfterMaxMs' | 'random'>

/** Tells clients when to ask again, and learns how long each operation takes. */
export interface Pacing {
  /** Advised pause before the next poll of an unfinished job, in milliseconds. Jittered, so that clients do not poll in step. */
  retryAfterMs(job: Job): number
  /** When a running job will probably finish: from the route's estimate, or from earlier runs of its operation. */
  estimatedFinishAt(job: Job): number | undefined
  learn(operation: string, tookMs: number): void
}

/** Weight of the newest run in the moving average, to which about the last eight runs contribute. */
const NEWEST = 0.2

export function createPacing({ retryAfterMinMs, retryAfterMaxMs, random }: PacingOptions, clock: () => number): Pacing {
  const learned = new Map<string, number>()
  const estimate = (job: Job) => job.estimateMs ?? learned.get(job.operation)
  return {
    retryAfterMs(job) {
      const now = clock()
      const expected = estimate(job)
      const begun = job.startedAt ?? Math.max(now, job.scheduledAt ?? 0)
      const remaining = expected === undefined ? 0 : begun + expected - now
      // Past the estimate, or without one: a quarter of the job's age.
      const pause = remaining > 0 ? remaining : Math.max((job.scheduledAt ?? 0) - now, (now - job.createdAt) / 4)
      const jittered = pause * (1 + 0.2 * (random() - 0.5))
      return Math.round(Math.min(retryAfterMaxMs, Math.max(retryAfterMinMs, jittered)))
    },
    estimatedFinishAt(job) {
      const expected = estimate(job)
      return job.startedAt !== undefined && expected !== undefined ? job.startedAt + expected : undefined
    },
    learn(operation, tookMs) {
      const before = learned.get(operation) ?? tookMs
      learned.set(operation, before + NEWEST * (tookMs - before))
    },
  }
}

/** `Retry-After` in whole seconds (RFC 9110 10.2.3): never a date or a fraction, and never 0, which makes some clients poll at once. */
export const retryAfter = (ms: number): string => `${Math.max(1, Math.ceil(ms / 1000))}`
