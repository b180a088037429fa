import { type Job, type JobQuery, TRANSITIONS } from '@respond-async/core'
import { cursorOf, type Place, placeOf } from '@respond-async/core/store'
import type { SqliteDatabase, SqliteStatement } from './database'
import { type JobRow, jobOf } from './record'

/** Every state there is: a list that asks for none in particular asks for them all. */
const STATES = Object.keys(TRANSITIONS)

/** Comes before every place in a list. */
const START: Place = { createdAt: Number.MAX_SAFE_INTEGER, id: '\u{10ffff}' }

/**
 * A page of so many states: one walk along an index for each, merged as they go. Whatever is asked for, no more rows are read than
 * are shown, and two indexes do where otherwise four would have to be kept.
 */
function listSql(states: number, ofOperation: boolean): string {
  const arm = (n: number) =>
    `SELECT head, result, created_at, id FROM respond_async_jobs
WHERE owner IS ?1 ${ofOperation ? 'AND operation = ?5 ' : ''}AND status = ?${n + 6} AND gone_at IS NULL AND (created_at, id) < (?2, ?3)`
  const arms = Array.from({ length: states }, (_, n) => arm(n))
  return `${arms.join(' UNION ALL ')} ORDER BY created_at DESC, id DESC LIMIT ?4`
}

/** `list` of the store. Its statements are prepared when they are first needed. */
export function listingOf(database: SqliteDatabase): (query: JobQuery) => { jobs: Job[]; cursor?: string } {
  const prepared = new Map<string, SqliteStatement>()
  const statementFor = (states: number, ofOperation: boolean) => {
    const key = `${states}${ofOperation}`
    const statement = prepared.get(key) ?? database.prepare(listSql(states, ofOperation))
    prepared.set(key, statement)
    return statement
  }
  return ({ owner = null, status = STATES, operation, limit, cursor }) => {
    const { createdAt, id } = placeOf(cursor) ?? START
    const states = typeof status === 'string' ? [status] : [...new Set(status)]
    if (states.length === 0) return { jobs: [] }
    const statement = statementFor(states.length, operation !== undefined)
    const rows = statement.all(owner, createdAt, id, limit + 1, operation ?? null, ...states) as JobRow[] // what the statement selects
    const jobs = rows.slice(0, limit).map(jobOf)
    const last = rows.length > limit ? jobs.at(-1) : undefined
    return { jobs, cursor: last && cursorOf(last) }
  }
}
