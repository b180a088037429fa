import type { Job, JobRequest, Platform } from '@respond-async/core'
import type { Grant, Settings } from './access'
import type { OperatedJobs } from './operated-jobs'

/** A request for the API of the page. The API is internal and changes with the page. */
export interface ApiRequest {
  readonly jobs: OperatedJobs
  readonly settings: Settings<never>
  readonly grant: Grant
  readonly request: JobRequest
  readonly platform: Platform | undefined
  /** What follows `/api/` in the path. */
  readonly path: string
}

const JOB_ID = /^[\w.~-]{1,128}$/

/** Reads a job that this request may see. Another owner's job looks exactly like an unknown one. */
export async function find({ jobs, grant }: ApiRequest, id: string): Promise<Job | null> {
  const job = JOB_ID.test(id) ? await jobs.get(id) : null
  return job && job.goneAt === undefined && (grant.owner === undefined || job.owner === grant.owner) ? job : null
}
