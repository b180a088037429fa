import { type Body, bytesOf, type Job, JobsError } from '@respond-async/core'
import { columnText, isLonger } from '@respond-async/core/store'
import type { SqliteValue } from './database'

/** Largest head: what a poll reads. */
export const MAX_RECORD_BYTES = 16_777_216
/** Largest single body beside a record; larger ones are kept in chunks. */
export const MAX_BODY_BYTES = 33_554_432

/** A row of the jobs, as far as it is read. */
export interface JobRow {
  readonly head: string
  readonly result: string | null
}
/** ... with its bodies. */
export interface FullRow extends JobRow {
  readonly request_body: Body | null
  readonly response_body: Body | null
}

export function jobOf({ head, result }: JobRow): Job {
  const job = JSON.parse(head) as { -readonly [Name in keyof Job]: Job[Name] } // written by this store alone
  if (result !== null) job.result = result
  return job
}
export const fullJobOf = (row: FullRow): Job => ({ ...jobOf(row), requestBody: row.request_body, responseBody: row.response_body })

/** The record without its bodies as text, and its result, which is stored as it was written. @throws {JobsError} `too_large` */
export function headOf({ requestBody: _request, responseBody: _response, result, ...rest }: Job): { head: string; result: string | null } {
  const head = JSON.stringify(rest)
  if (isLonger(head, MAX_RECORD_BYTES) || (result !== undefined && isLonger(head + result, MAX_RECORD_BYTES)))
    throw new JobsError('too_large', `The SQLite store takes records of ${MAX_RECORD_BYTES} bytes at most, besides their bodies.`)
  return { head, result: result ?? null }
}

/** A body as it is stored. A text with NUL goes as bytes: not every runtime reads a text beyond it. @throws {JobsError} `too_large` */
export function storedBody(body: Body): SqliteValue {
  if (isLonger(body, MAX_BODY_BYTES))
    throw new JobsError('too_large', `The SQLite store takes bodies of ${MAX_BODY_BYTES} bytes at most, besides those in chunks.`)
  return typeof body === 'string' && body.includes('\0') ? bytesOf(body) : body
}

/** A name as a column holds it. */
export const nameColumn = (name: string | null = null): string | null => (name === null ? null : columnText(name))

/** Owner and key as one text: to a unique index two NULLs are never the same. */
export const keyText = (owner: string | null, key: string): string => JSON.stringify([owner, key])
export const ownerKeyOf = ({ owner, idempotencyKey }: Job): string | null =>
  idempotencyKey === undefined ? null : keyText(owner, idempotencyKey)
