import type { Job, JobQuery } from '@respond-async/core'
import { type Place, pageOf, placeOf, STATUSES } from '@respond-async/core/store'
import type { SqliteDatabase, SqliteStatement } from './database'
import { type JobRow, jobOf, nameColumn } from './record'

/** Before the first position of every list. */
const START: Place = { createdAt: Number.MAX_SAFE_INTEGER, id: '\u{10ffff}' }

interface Shape {
  readonly states: number
  readonly ofOwner: boolean
  readonly ofOperation: boolean
}

/**
 * Query for a page of a list with so many states. Walks along an index for each state and merges, so that it reads no more rows than it
 * returns, and few indexes serve all kinds of queries.
 */
function listSql({ states, ofOwner, ofOperation }: Shape): string {
  const arm = (n: number) =>
    `SELECT head, result, created_at, id FROM respond_async_jobs
WHERE ${ofOwner ? 'owner IS ?1 AND ' : ''}${ofOperation ? 'operation = ?5 AND ' : ''}status = ?${n + 6} AND gone_at IS NULL AND (created_at, id) < (?2, ?3)`
  const arms = Array.from({ length: states }, (_, n) => arm(n))
  return `${arms.join(' UNION ALL ')} ORDER BY created_at DESC, id DESC LIMIT ?4`
}

/**
 * Query for the operations of all jobs. Steps along the index from one to the next, so its cost does not depend on the number of jobs.
 */
const OPERATIONS = `WITH RECURSIVE found (operation) AS (
SELECT min(operation) FROM respond_async_jobs WHERE gone_at IS NULL
UNION ALL SELECT (SELECT min(operation) FROM respond_async_jobs WHERE gone_at IS NULL AND operation > found.operation) FROM found WHERE operation IS NOT NULL
) SELECT operation FROM found WHERE operation IS NOT NULL`

type ListRow = JobRow & { readonly created_at: number; readonly id: string }

/** Implements `list`. Statements are prepared on first use. */
export function listingOf(database: SqliteDatabase): (query: JobQuery) => { jobs: Job[]; cursor?: string } {
  const prepared = new Map<string, SqliteStatement>()
  const statement = (sql: string) => {
    const there = prepared.get(sql) ?? database.prepare(sql)
    prepared.set(sql, there)
    return there
  }
  return ({ owner, status = STATUSES, operation, limit, cursor }) => {
    const { createdAt, id } = placeOf(cursor) ?? START
    const states = typeof status === 'string' ? [status] : [...new Set(status)]
    if (states.length === 0) return { jobs: [] }
    const ofOwner = owner !== undefined
    const rowsOf = (one: string | null) => {
      const sql = listSql({ states: states.length, ofOwner, ofOperation: one !== null })
      return statement(sql).all(nameColumn(owner), createdAt, id, limit + 1, one, ...states) as unknown as ListRow[] // what the statement selects
    }
    const rows = ofOwner || operation !== undefined ? rowsOf(nameColumn(operation)) : allOperations().flatMap(rowsOf).sort(newerFirst)
    return pageOf(rows, jobOf, limit)
  }

  function allOperations(): string[] {
    return statement(OPERATIONS)
      .all()
      .map((row) => String((row as { operation: unknown }).operation))
  }
}

/** The order of the index: ids are ASCII, which sorts alike in UTF-16 and UTF-8. */
const newerFirst = (a: ListRow, b: ListRow) => b.created_at - a.created_at || (a.id < b.id ? 1 : -1)
