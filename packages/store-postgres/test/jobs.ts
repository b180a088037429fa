import type { Job, JobEvent } from '@respond-async/core'

export const T0 = 1_700_000_000_000

export const idOf = (n: number): string => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`

export const jobOf = (n: number, more: Partial<Job> = {}): Job => ({
  ...{ id: idOf(n), version: 1, revision: 1, operation: 'report', owner: null, status: 'queued' },
  ...{ createdAt: T0, updatedAt: T0, dueAt: T0 + 60_000, attempt: 0, maxAttempts: 1, dispatch: 1 },
  ...{ request: { method: 'POST', url: '/reports', headers: { 'content-type': 'application/json' } }, response: null },
  ...{ requestBody: '{"month":"2026-01"}', responseBody: null },
  ...more,
})

export const nextOf = (job: Job, change: Partial<Job> = {}): Job => ({
  ...job,
  ...{ version: job.version + 1, requestBody: undefined, responseBody: undefined },
  ...change,
})

export const eventOf = (version: number): JobEvent => ({ version, at: T0, type: 'progress', status: 'running', attempt: 1 })
