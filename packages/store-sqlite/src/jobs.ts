import { type Body, isTerminal, type Job } from '@respond-async/core'
import type { SqliteDatabase, SqliteStatement } from './database'
import { type FullRow, fullJobOf, headOf, type JobRow, jobOf, keyText, nameColumn, ownerKeyOf, storedBody } from './record'

const body = (name: string) => `(SELECT data FROM respond_async_bodies WHERE job_id = id AND name = '${name}') AS ${name}_body`

const SQL = {
  head: 'SELECT head, result FROM respond_async_jobs WHERE id = ?',
  full: `SELECT head, result, ${body('request')}, ${body('response')} FROM respond_async_jobs WHERE id = ?`,
  keyed: 'SELECT head, result FROM respond_async_jobs WHERE owner_key = ?',
  due: 'SELECT head, result FROM respond_async_jobs WHERE due_at <= ? ORDER BY due_at LIMIT ?',
  insert: `INSERT INTO respond_async_jobs (version, due_at, head, result, id, status, operation, owner, owner_key, created_at, gone_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  replace: `UPDATE respond_async_jobs
SET version = ?1, due_at = ?2, head = ?3, result = ?4, status = ?6, operation = ?7, owner = ?8, owner_key = ?9, created_at = ?10, gone_at = ?11
WHERE id = ?5 AND version = ?1 - 1`,
  /** As `replace`, if no indexed column but `due_at` changes: it does not touch the pages of the other indexes. */
  progress: `UPDATE respond_async_jobs SET version = ?1, due_at = ?2, head = ?3, result = ?4
WHERE id = ?5 AND version = ?1 - 1 AND status = ?6 AND operation = ?7 AND owner IS ?8 AND owner_key IS ?9 AND created_at = ?10 AND gone_at IS ?11`,
  remove: 'DELETE FROM respond_async_jobs WHERE id = ?1 AND version = ifnull(?2, version)',
} as const

/** Reads and writes the rows of jobs and their bodies. Writes with a body need a transaction, because they write several rows. */
export function jobsOf(database: SqliteDatabase) {
  const prepared = Object.fromEntries(Object.entries(SQL).map(([name, sql]) => [name, database.prepare(sql)])) as Record<
    keyof typeof SQL, // one statement for each text
    SqliteStatement
  >
  const putBody = database.prepare('INSERT OR REPLACE INTO respond_async_bodies (job_id, name, data) VALUES (?, ?, ?)')
  const dropBody = database.prepare('DELETE FROM respond_async_bodies WHERE job_id = ? AND name = ?')

  const one = (statement: SqliteStatement, value: string) => {
    const row = statement.get(value) as JobRow | undefined // what these statements select
    return row ? jobOf(row) : null
  }
  const values = (job: Job) => {
    const { id, version, dueAt, status, operation, owner, createdAt, goneAt = null } = job
    const { head, result } = headOf(job)
    const key = ownerKeyOf(job)
    return [version, dueAt, head, result, id, status, nameColumn(operation), nameColumn(owner), key, createdAt, goneAt] as const
  }

  return {
    head: (id: string) => one(prepared.head, id),
    full(id: string): Job | null {
      const row = prepared.full.get(id) as FullRow | undefined // what the statement selects
      return row ? fullJobOf(row) : null
    },
    /** The stored job with the id or the idempotency key of this one. */
    holder(job: Job): Job | null {
      const key = ownerKeyOf(job)
      return one(prepared.head, job.id) ?? (key === null ? null : one(prepared.keyed, key))
    },
    /** The stored job with this owner's idempotency key. */
    keyed: (owner: string | null, key: string) => one(prepared.keyed, keyText(owner, key)),
    due: (before: number, limit: number) => prepared.due.all(before, limit) as JobRow[], // what the statement selects

    /** Inserts a job unless its id or key is taken. Returns whether it was inserted. */
    insert(job: Job): boolean {
      const bodies = bodiesOf(job)
      if (prepared.insert.run(...values(job)).changes === 0) return false
      for (const [name, data] of bodies) if (data !== null) putBody.run(job.id, name, data)
      return true
    },
    /** Replaces the version before. Returns whether that was there. @param mayBeProgress whether to try `progress` first */
    replace(next: Job, mayBeProgress = !isTerminal(next.status)): boolean {
      const bodies = bodiesOf(next)
      const row = values(next)
      const done = (mayBeProgress && prepared.progress.run(...row).changes !== 0) || prepared.replace.run(...row).changes !== 0
      if (!done) return false
      for (const [name, data] of bodies) {
        if (data === null) dropBody.run(next.id, name)
        else putBody.run(next.id, name, data)
      }
      return true
    },
    remove: (id: string, version: number | undefined) => prepared.remove.run(id, version ?? null).changes !== 0,
  }
}

/** The bodies to write, checked before the write begins. */
function bodiesOf({ requestBody, responseBody }: Job) {
  const given: readonly (readonly [name: string, body: Body | null | undefined])[] = [
    ['request', requestBody],
    ['response', responseBody],
  ]
  return given.flatMap(([name, data]) => (data === undefined ? [] : [[name, data === null ? null : storedBody(data)] as const]))
}
