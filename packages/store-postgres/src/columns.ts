import type { Job } from '@respond-async/core'
import { columnText } from '@respond-async/core/store'
import { bodyBytes } from './record'

/** Columns beside `record`, for searches and for bodies, with the member of the job that each is made from. */
export const MEMBERS = {
  status: 'status',
  operation: 'operation',
  owner: 'owner',
  idempotency_key: 'idempotencyKey',
  created_at: 'createdAt',
  due_at: 'dueAt',
  gone: 'goneAt',
  request_body: 'requestBody',
  response_body: 'responseBody',
} as const satisfies Record<string, keyof Job>
export type Column = keyof typeof MEMBERS

/** In the order of their values in an `insert`. */
export const SEARCHED = ['status', 'operation', 'owner', 'idempotency_key', 'created_at', 'due_at', 'gone'] as const
export const BODIES = ['request_body', 'response_body'] as const

/** The value of a column for a job. */
export function columnValue(column: Column, job: Partial<Job>): unknown {
  if (column === 'gone') return job.goneAt !== undefined
  if (column === 'request_body' || column === 'response_body') return bodyBytes(job[MEMBERS[column]])
  const value = job[MEMBERS[column]]
  if (column === 'operation' || column === 'owner' || column === 'idempotency_key')
    return typeof value === 'string' ? columnText(value) : null
  return value ?? null
}
