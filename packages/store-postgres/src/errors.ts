import { JobsError } from '@respond-async/core'

/** The five characters by which Postgres names an error, where it is one of its own: all three clients give them as `code`. */
const sqlStateOf = (error: unknown) => (typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined)

/** Whether the tables are not there: undefined_table, invalid_schema_name. */
export const isMissing = (error: unknown): boolean => sqlStateOf(error) === '42P01' || sqlStateOf(error) === '3F000'

/** An error in the words of core, where it has some: everything else is an outage, and stays as it is. */
export function understood(cause: unknown): unknown {
  switch (sqlStateOf(cause)) {
    case '53100': // disk_full
      return new JobsError('store_full', 'The disk of the Postgres server is full.', { cause })
    case '54000': // program_limit_exceeded: an owner and a key of more than 2,700 bytes do not fit into an index
      return new JobsError('too_large', 'Postgres has no room for an owner or an idempotency key of this length.', { cause })
    default:
      return cause
  }
}
