import { JobsError } from '@respond-async/core'

/** An option that cannot work. */
export const invalid = (message: string) => new JobsError('invalid_option', `postgresStore: ${message}.`)

/** The SQLSTATE of an error, if it comes from Postgres: all three clients have it as `code`. */
const sqlStateOf = (error: unknown) => (typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined)

/** Whether the tables are missing: undefined_table, invalid_schema_name. */
export const isMissing = (error: unknown): boolean => sqlStateOf(error) === '42P01' || sqlStateOf(error) === '3F000'

/** Translates the errors that core distinguishes; all others mean that the store is unavailable. */
export function understood(cause: unknown): unknown {
  switch (sqlStateOf(cause)) {
    case '53100': // disk_full
      return new JobsError('store_full', 'The disk of the Postgres server is full.', { cause })
    case '54000': // program_limit_exceeded: owner and key have more than 2,700 bytes, too much for an index
      return new JobsError('too_large', 'Postgres has no room for an owner or an idempotency key of this length.', { cause })
    default:
      return cause
  }
}
