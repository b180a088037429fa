import { type Body, bytesOf, type Job, JobsError } from '@respond-async/core'
import { columnText, isLonger } from '@respond-async/core/store'
import type { SqliteValue } from './database'

/** Largest head, which polls read, in bytes. */
export const MAX_RECORD_BYTES = 16_777_216
/** Largest body in a row, in bytes; larger ones are stored in chunks. */
export const MAX_BODY_BYTES = 33_554_432

/** The columns of a job's row that are read. */
export interface JobRow {
  readonly head: string
  readonly result: string | null
}
/** The same with the bodies. */
export interface FullRow extends JobRow {
  readonly request_body: Body | null
  readonly response_body: Body | null
}

export function jobOf({ head, result }: JobRow): Job {
  const job = JSON.parse(head) as { -readonly [Name in keyof Job]: Job[Name] } // only this store writes it
  if (result !== null) job.result = result
  return job
}
export const fullJobOf = (row: FullRow): Job => ({ ...jobOf(row), requestBody: row.request_body, responseBody: row.response_body })

/** The head as JSON without the result, and the result, which is stored unchanged. @throws {JobsError} `too_large` */
export function headOf({ requestBody: _request, responseBody: _response, result, ...rest }: Job): { head: string; result: string | null } {
  const head = JSON.stringify(rest)
  if (isLonger(head, MAX_RECORD_BYTES) || (result !== undefined && isLonger(head + result, MAX_RECORD_BYTES)))
    throw new JobsError('too_large', `The SQLite store takes records of at most ${MAX_RECORD_BYTES} bytes, besides their bodies.`)
  return { head, result: result ?? null }
}

/** A body as it is stored: text with a NUL as bytes, since not every runtime reads beyond it. @throws {JobsError} `too_large` */
export function storedBody(body: Body): SqliteValue {
  if (isLonger(body, MAX_BODY_BYTES))
    throw new JobsError('too_large', `The SQLite store takes bodies of at most ${MAX_BODY_BYTES} bytes, besides those in chunks.`)
  return typeof body === 'string' && body.includes('\0') ? bytesOf(body) : body
}

/** A name as its column stores it. */
export const nameColumn = (name: string | null = null): string | null => (name === null ? null : columnText(name))

/** Owner and key in one text, because a unique index takes two NULLs for different. */
export const keyText = (owner: string | null, key: string): string => JSON.stringify([owner, key])
export const ownerKeyOf = ({ owner, idempotencyKey }: Job): string | null =>
  idempotencyKey === undefined ? null : keyText(owner, idempotencyKey)
