import type { Job } from '@respond-async/core'

/** A job as it is when it has just been accepted. */
export const record = (more: Partial<Job> = {}): Job => ({
  ...{ id: 'job', version: 1, revision: 1, operation: 'report', owner: null, status: 'queued', createdAt: 1, updatedAt: 1, dueAt: 1 },
  ...{ attempt: 0, maxAttempts: 1, dispatch: 1, request: null, response: null, requestBody: null, responseBody: null },
  ...more,
})
