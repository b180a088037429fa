import type { Job, JobEvent, JobQuery, Platform } from '@respond-async/core'

/** What the dashboard asks of jobs. Those that `createJobs` made are such, whatever the framework they are used with. */
export interface OperatedJobs {
  list(query: Partial<JobQuery>): Promise<{ jobs: Job[]; cursor?: string }>
  get(id: string): Promise<Job | null>
  history(id: string, after?: number): Promise<{ events: JobEvent[]; truncated: boolean } | null>
  cancel(id: string, reason?: string): Promise<Job | null>
  retry(id: string, platform?: Platform): Promise<Job>
  purge(id: string): Promise<boolean>
}
