import { type Job, type JobEvent, type JobStore, JobsError } from '@respond-async/core'
import { checkNoOthers, checkWhole, dueFrom, pageOf } from '@respond-async/core/store'
import { d1Blobs } from './d1-blobs'
import { type Execute, executor, type JobDatabase, type Sql } from './d1-database'
import { dependentsOf, eventLines } from './d1-dependents'
import { listQuery } from './d1-list'
import { bodyOf, changesOf, headOf, jobOf, KINDS, MAX_BODY_BYTES, MAX_RECORD_BYTES, ownerColumn, READ_DATA } from './d1-record'

/** Options of {@link d1Store}. */
export interface D1StoreOptions {
  /** The binding of the database, `env.DB`: a `binding` of `d1_databases` in wrangler.jsonc. */
  database: JobDatabase
  /** Events of history kept for each job, 0 to 1_000. 0: none, and the store has no `events`. @default 0 */
  maxEvents?: number | undefined
  /** Whether missing tables are created on first use. If `false`, run `D1_SCHEMA` as a migration. @default true */
  migrate?: boolean | undefined
}

const HEAD = 'SELECT head, changes FROM respond_async_jobs'
const FULL = `SELECT head, changes, ${KINDS.map(
  (kind) => `(SELECT ${READ_DATA} FROM respond_async_bodies WHERE job_id = id AND kind = '${kind}') AS ${kind}`,
).join(', ')} FROM respond_async_jobs`

/**
 * Stores jobs in a D1 database, with one call and one transaction per method. For Workers that want all jobs in one database that can be
 * queried with SQL. Records without their bodies up to 900 kB; bodies of up to 900 kB in a row, larger ones in chunks.
 *
 * Has no alarms: call `jobs.sweep()` from a cron trigger. All writes go to the one primary of the database, one after another.
 *
 * @throws {JobsError} `invalid_option`
 */
export function d1Store({ database, maxEvents = 0, migrate = true, ...others }: D1StoreOptions): JobStore {
  if (typeof database?.batch !== 'function')
    throw invalid('d1Store needs the binding of a D1 database, d1Store({ database: env.DB }), named in d1_databases of wrangler.jsonc')
  checkNoOthers('d1Store', others)
  checkWhole('d1Store: maxEvents', maxEvents, 0, 1_000)
  const execute: Execute = executor(database, migrate)

  return {
    capabilities: {
      ...{ durable: true, shared: true, due: true, list: true, listAll: true, events: maxEvents > 0, watch: false },
      ...{ maxRecordBytes: MAX_RECORD_BYTES, maxBodyBytes: MAX_BODY_BYTES },
    },
    blobs: d1Blobs(execute),

    async insert(job, events) {
      const { id, version, status, operation, createdAt, dueAt, idempotencyKey: key = null, goneAt = null } = job
      const [owner, token, head] = [ownerColumn(job.owner), crypto.randomUUID(), headOf(job)]
      const write: Sql = [
        `INSERT INTO respond_async_jobs (id, version, owner, idempotency_key, status, operation, created_at, due_at, gone_at, token, head)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING 1`,
        ...[id, version, owner, key, status, operation, createdAt, dueAt, goneAt, token, head],
      ]
      const there: Sql =
        key === null
          ? [`${HEAD} WHERE id = ? AND token <> ?`, id, token]
          : [`${HEAD} WHERE (id = ?1 OR (owner = ?2 AND idempotency_key = ?3)) AND token <> ?4`, id, owner, key, token]
      const [written, ...rest] = await execute([write, ...dependentsOf(job, token, events, maxEvents), there])
      if (written?.length) return { inserted: true, job }
      const current = rest.at(-1)?.[0]
      if (!current) throw new JobsError('store_unavailable', 'D1 neither inserted the job nor has it.') // impossible: a batch is one transaction
      return { inserted: false, job: jobOf(current) }
    },
    async get(id, view = 'full') {
      const [rows] = await execute([[`${view === 'head' ? HEAD : FULL} WHERE id = ?`, id]])
      const row = rows?.[0]
      return row ? (view === 'head' ? jobOf(row) : wholeOf(row)) : null
    },
    async replace(next, events) {
      const { id, version, status, operation, createdAt, dueAt, idempotencyKey: key = null, goneAt = null } = next
      const [owner, token, head] = [ownerColumn(next.owner), crypto.randomUUID(), headOf(next)]
      const write: Sql = [
        `UPDATE respond_async_jobs SET version = ?, owner = ?, idempotency_key = ?, status = ?, operation = ?, created_at = ?, due_at = ?,
          gone_at = ?, token = ?, head = ?, changes = NULL WHERE id = ? AND version = ? RETURNING 1`,
        ...[version, owner, key, status, operation, createdAt, dueAt, goneAt, token, head, id, version - 1],
      ]
      const there: Sql = [`${HEAD} WHERE id = ? AND token <> ?`, id, token]
      const [written, ...rest] = await execute([write, ...dependentsOf(next, token, events, maxEvents), there])
      if (written?.length) return { replaced: true }
      const current = rest.at(-1)?.[0]
      return { replaced: false, current: current ? jobOf(current) : null }
    },
    async claim(id, version, changes, events) {
      const token = crypto.randomUUID()
      const { version: next = version + 1, status = null, dueAt } = changes
      const write: Sql = [
        `UPDATE respond_async_jobs SET version = ?, status = coalesce(?, status), due_at = CASE ? WHEN 1 THEN ? ELSE due_at END, token = ?,
          changes = json_patch(coalesce(changes, '{}'), ?) WHERE id = ? AND version = ? RETURNING 1`,
        ...[next, status, 'dueAt' in changes ? 1 : 0, dueAt ?? null, token, changesOf({ ...changes, version: next }), id, version],
      ]
      const [written, ...rest] = await execute([write, ...eventLines(id, token, events, maxEvents), [`${FULL} WHERE id = ?`, id]])
      const row = rest.at(-1)?.[0]
      return { claimed: Boolean(written?.length), job: row ? wholeOf(row) : null }
    },
    async remove(id, version) {
      const gone = 'NOT EXISTS (SELECT 1 FROM respond_async_jobs WHERE id = ?1)'
      const [removed] = await execute([
        ['DELETE FROM respond_async_jobs WHERE id = ?1 AND (?2 IS NULL OR version = ?2) RETURNING 1', id, version ?? null],
        ...['bodies', 'chunks', 'events'].map((table): Sql => [`DELETE FROM respond_async_${table} WHERE job_id = ?1 AND ${gone}`, id]),
      ])
      return Boolean(removed?.length)
    },
    async holder(owner, key) {
      const [rows] = await execute([[`${HEAD} WHERE owner = ? AND idempotency_key = ?`, ownerColumn(owner), key]])
      const row = rows?.[0]
      return row ? jobOf(row) : null
    },
    due(before, limit) {
      const page = async (most: number) => {
        const [rows = []] = await execute([[`${HEAD} WHERE due_at <= ? ORDER BY due_at LIMIT ?`, before, most]])
        return rows
      }
      return dueFrom(page, jobOf, limit)
    },
    async list(query) {
      const [rows = []] = await execute([listQuery(query)])
      return pageOf(rows, jobOf, query.limit)
    },
    ...(maxEvents > 0 && {
      async events(id: string, after: number, limit: number) {
        const query = `SELECT data, (SELECT min(version) FROM respond_async_events WHERE job_id = ?1) AS first
          FROM respond_async_events WHERE job_id = ?1 AND version > ?2 ORDER BY number LIMIT ?3`
        const [rows = []] = await execute([[query, id, after, limit]])
        const events = rows.map(({ data }) => JSON.parse(data as string) as JobEvent) // only this store writes them
        return { events, truncated: Number(rows[0]?.first ?? 0) > after + 1 }
      },
    }),
    async close() {},
  }
}

const invalid = (message: string) => new JobsError('invalid_option', message)

/** The job in a row, with its bodies. */
const wholeOf = (row: Record<string, unknown>): Job => ({
  ...jobOf(row),
  requestBody: bodyOf(row.requestBody),
  responseBody: bodyOf(row.responseBody),
})
