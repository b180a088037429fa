/** Jobs as core writes them, for measuring a store without it. */
import { randomUUID } from 'node:crypto'
import type { Job } from '@respond-async/core'
import { makeReport } from '../servers/report.ts'

const REPORT = makeReport({ month: '2026-10', rows: 1200, takesMs: 0 })
const REQUEST = {
  method: 'POST',
  url: '/reports',
  headers: { host: '127.0.0.1:3000', connection: 'keep-alive', 'content-type': 'application/json', 'content-length': '46' },
}

export function queuedJob(id: string = randomUUID()): Job {
  const now = Date.now()
  return {
    ...{ id, version: 1, revision: 1, operation: 'report', owner: null, status: 'queued', createdAt: now, updatedAt: now },
    ...{ dueAt: now + 60_000, attempt: 0, maxAttempts: 1, dispatch: 1, request: REQUEST, response: null },
    requestBody: '{"month":"2026-10","rows":1200,"takesMs":0}',
  }
}

/** What a claim changes. */
export const startOf = ({ createdAt }: Job): Partial<Job> => ({
  ...{ version: 2, status: 'running', attempt: 1, startedAt: createdAt + 1, dueAt: createdAt + 30_001 },
  ...{ timeoutAt: createdAt + 900_001, revision: 2, updatedAt: createdAt + 1 },
})

export function finishedJob(job: Job): Job {
  const at = job.createdAt + 2
  const result = JSON.stringify(REPORT)
  return {
    ...{ ...job, ...startOf(job), version: 3, revision: 3, status: 'succeeded', updatedAt: at, finishedAt: at, timeoutAt: undefined },
    ...{ expiresAt: at + 86_400_000, dueAt: at + 86_400_000, request: null, requestBody: null, responseBody: null, result },
    response: { status: 200, headers: { 'content-type': 'application/json; charset=utf-8' }, size: result.length },
  }
}
