import { type Body, bytesOf, type Job, JobsError } from '@respond-async/core'
import { isLonger } from '@respond-async/core/store'
import type { PostgresRow } from './client'

/** Largest record without its bodies, in bytes of JSON, and largest body in its row. Far below the 1 GB limit of a column. */
export const MAX_RECORD_BYTES = 8_388_608
export const MAX_BODY_BYTES = 16_777_216

/** The job without its bodies. @throws {JobsError} `too_large` */
export function recordText(job: Job): string {
  const text = JSON.stringify({ ...job, requestBody: undefined, responseBody: undefined }) // cheaper than rest destructuring
  if (isLonger(text, MAX_RECORD_BYTES))
    throw new JobsError('too_large', `The Postgres store keeps records of ${MAX_RECORD_BYTES} bytes at most, besides their bodies.`)
  return text
}

/** The changes of a claim as JSON. JSON has no `undefined`, so members that are cleared are listed in `clear`. */
export function changesText({ requestBody: _request, responseBody: _response, ...set }: Partial<Job>): string {
  const clear = Object.keys(set).filter((name) => set[name as keyof typeof set] === undefined) // its own names
  return JSON.stringify(clear.length > 0 ? { set, clear } : { set })
}

/** The job in a row of `record` and `changes`, and of `request` and `response` if the bodies were selected. */
export function jobOf(row: PostgresRow): Job {
  // Columns of this store's own statements, which nobody else writes.
  const { record, changes, request, response } = row as {
    record: string
    changes: string | null
    request?: Uint8Array | null
    response?: Uint8Array | null
  }
  const job = JSON.parse(record)
  if (changes !== null)
    for (const { set, clear = [] } of JSON.parse(`[${changes}]`)) {
      Object.assign(job, set)
      for (const name of clear) delete job[name]
    }
  if (request !== undefined) job.requestBody = request
  if (response !== undefined) job.responseBody = response
  return job
}

/** @throws {JobsError} `too_large` */
export function bodyBytes(body: Body | null | undefined): Uint8Array | null {
  if (body === undefined || body === null) return null
  const bytes = bytesOf(body)
  if (bytes.length > MAX_BODY_BYTES)
    throw new JobsError('too_large', `The Postgres store keeps bodies of ${MAX_BODY_BYTES} bytes at most beside a record.`)
  return bytes
}
