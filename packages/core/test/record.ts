import type { Job } from '../src/index'

/** A queued job with what a test wants changed. */
export const newRecord = (changes: Partial<Job>): Job => ({
  id: '00000000-0000-4000-8000-000000000001',
  version: 1,
  revision: 1,
  operation: 'report',
  owner: null,
  status: 'queued',
  createdAt: 1_000,
  updatedAt: 1_000,
  dueAt: 61_000,
  attempt: 0,
  maxAttempts: 1,
  dispatch: 1,
  request: null,
  response: null,
  ...changes,
})
