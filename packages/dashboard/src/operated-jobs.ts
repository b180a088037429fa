import type { Job, JobEvent, JobQuery, Platform } from '@respond-async/core'

/** The part of `Jobs` that the dashboard uses, whatever their framework. */
export interface OperatedJobs {
  list(query: Partial<JobQuery>): Promise<{ jobs: Job[]; cursor?: string }>
  get(id: string): Promise<Job | null>
  history(id: string, after?: number): Promise<{ events: JobEvent[]; truncated: boolean } | null>
  cancel(id: string, reason?: string): Promise<Job | null>
  retry(id: string, platform?: Platform): Promise<Job>
  purge(id: string): Promise<boolean>
}
