import { type Job, type JobEvent, type JobStore, JobsError } from '@respond-async/core'
import { checkNoOthers, checkWhole, columnText, dueFrom, pageOf, placeOf, STATUSES } from '@respond-async/core/store'
import { postgresBlobs } from './blobs'
import type { PostgresClient, PostgresRow } from './client'
import { BODIES, type Column, columnValue, MEMBERS, SEARCHED } from './columns'
import { connectionOf, type Run, type Statement } from './connection'
import { invalid, isMissing, understood } from './errors'
import { type ListenClient, listenWith } from './listener'
import { changesText, jobOf, MAX_BODY_BYTES, MAX_RECORD_BYTES, recordText } from './record'
import { checkSchema, SCHEMA_VERSION, setUpScript } from './schema'
import { statements } from './statements'
import { createWatchers } from './watchers'

/** Options of {@link postgresStore}. */
export interface PostgresStoreOptions {
  /** A `pg.Pool`, the `sql` of postgres.js, or a `PGlite`. `close()` does not end it. */
  client: PostgresClient
  /** Schema of the tables: 1 to 48 of `a-z`, `0-9` and `_`, no digit first. @default 'respond_async' */
  schema?: string | undefined
  /**
   * Whether missing tables are created before the first call. `false` if the role may not: run the SQL from `postgresSchema()` instead.
   * @default true
   */
  migrate?: boolean | undefined
  /** Events of history kept for each job, 0 to 1_000. 0: none, and the store has no `events`. @default 0 */
  maxEvents?: number | undefined
  /**
   * Whether statements are prepared once per connection, which saves a fifth to a third of their time. `false` behind a transaction pooler
   * that does not support prepared statements (PgBouncer before 1.21); postgres.js then needs `max_pipeline=0` in its URL.
   * @default true
   */
  prepare?: boolean | undefined
  /**
   * How this instance listens for writes, on one connection for all of its watchers. `true` with postgres.js and PGlite; with pg a
   * function that makes a client: `() => new pg.Client(url)`. The connection must be direct, not through a transaction pooler.
   * @default none: the store has no `watch`
   */
  watch?: true | (() => ListenClient) | undefined
  /**
   * Whether writes of this instance are notified to those that listen. If one instance listens, all must notify, also workers without
   * `watch`. Costs no round trip, but Postgres serializes the commits of notifying transactions server-wide.
   * @default true with `watch`, otherwise false
   */
  notify?: boolean | undefined
}

/** How often to try an insert that conflicts with a job that is gone right after. */
const TRIES = 10

/**
 * Stores jobs in Postgres 13 or later: durable, shared by any number of processes, one statement per call. Records without their bodies
 * up to 8 MiB; bodies of up to 16 MiB in the row, larger ones in chunks.
 *
 * @throws {JobsError} `invalid_option`
 */
export function postgresStore(options: PostgresStoreOptions): JobStore {
  const {
    client,
    schema = 'respond_async',
    migrate = true,
    maxEvents = 0,
    prepare = true,
    watch,
    notify = Boolean(watch),
    ...others
  } = { ...options }
  const connection = connectionOf(client, prepare)
  checkNoOthers('postgresStore', others)
  checkSchema(schema)
  checkWhole('postgresStore: maxEvents', maxEvents, 0, 1_000)
  if (watch === true && !connection.listen) throw invalid('with pg, watch takes a function: () => new pg.Client(url)')
  if (watch === true && !prepare) throw invalid('a transaction pooler (prepare: false) cannot listen; give watch a direct client')

  const channel = `${schema}_jobs`
  const sql = statements(schema, maxEvents, notify ? channel : undefined)
  /** Whether `setUp` has run, before the first call. Concurrent calls each run it and do not share one, which might never be answered. */
  let isReady = false
  const setUp = async () => {
    const [row] = await connection.run(sql.probe, [])
    const bytes = row?.bytes as Uint8Array | undefined // or another form, if the client is configured so
    if (bytes?.[1] !== 255 || row?.no !== false)
      throw invalid("the client reads bytea or boolean in a form of its own, by binary or a parser; all but pg want bytea_output = 'hex'")
    if (!migrate) return
    const version = await connection.run(sql.version, []).then(
      ([row]) => Number(row?.version),
      (error) => {
        if (isMissing(error)) return 0
        throw error
      },
    )
    if (version < SCHEMA_VERSION) await connection.script(setUpScript(schema))
  }
  const run: Run = async (statement, values) => {
    try {
      if (!isReady) await setUp()
      isReady = true
      return await connection.run(statement, values)
    } catch (error) {
      if (isMissing(error)) isReady = false // tables were dropped meanwhile: created again before the next call
      throw understood(error)
    }
  }

  const read = async (statement: Statement, values: unknown[]): Promise<Job | null> => {
    const [row] = await run(statement, values)
    return row ? jobOf(row) : null
  }
  /** The job that a write after `version` lost to. What the write has seen may be older: the winner is committed after it had begun. */
  const winner = (row: PostgresRow | undefined, version: number, statement: Statement, id: string) => {
    const seen = row ? jobOf(row) : null
    return seen?.version === version ? read(statement, [id]) : seen
  }

  /** Parameters of a statement for events of history; empty if there are none to keep. */
  const linesOf = (events: readonly JobEvent[] = []): unknown[] => {
    const kept = maxEvents > 0 ? events.slice(-maxEvents) : []
    if (kept.length === 0) return []
    return [kept.length, kept.map((event) => JSON.stringify(event)).join('\n'), kept.map(({ version }) => version).join()]
  }

  const watchers =
    watch &&
    createWatchers(
      watch === true
        ? // Checked above: it is present if `watch` is true.
          async (hear, listening) => (await connection.listen?.(channel, hear, listening)) ?? (async () => {})
        : listenWith(channel, watch),
      async (ids) => (await run(sql.versions, [ids.join()])).map((row) => [String(row.id), Number(row.version)] as const),
    )

  return {
    capabilities: {
      ...{ durable: true, shared: true, due: true, list: true, listAll: true, events: maxEvents > 0, watch: Boolean(watchers) },
      ...{ maxRecordBytes: MAX_RECORD_BYTES, maxBodyBytes: MAX_BODY_BYTES, transaction: 'postgres' },
    },
    async insert(job, events, handOver) {
      const lines = linesOf(events)
      const [keyed, owned] = [job.idempotencyKey !== undefined, job.owner !== null]
      const searched = SEARCHED.map((column) => columnValue(column, job))
      const bodies = BODIES.map((column) => columnValue(column, job))
      const also = handOver === undefined ? [] : [JSON.stringify(handOver)]
      const values = [job.id, job.version, ...searched, recordText(job), ...bodies, ...lines, ...also]
      const statement = sql.insert({ keyed, owned, lines: lines.length > 0, handOver: also.length > 0 })
      const same = [job.id, ...(keyed ? [columnValue('idempotency_key', job)] : []), ...(keyed && owned ? [columnValue('owner', job)] : [])]
      for (let tries = 0; tries < TRIES; tries++) {
        const rows = await run(statement, values)
        if (rows[0]?.done) return { inserted: true, job }
        // No rows: it conflicts with a job that was committed after the statement had begun.
        const there = (rows.length > 0 ? rows : await run(sql.there(keyed, owned), same)).map(jobOf)
        const winner = there.find(({ id }) => id === job.id) ?? there[0]
        if (winner) return { inserted: false, job: winner }
      }
      throw new JobsError('store_unavailable', 'The job could not be stored: others with its key come and go.')
    },
    get: (id, view = 'full') => read(view === 'head' ? sql.head : sql.full, [id]),
    async replace(next, events) {
      const columns: Column[] = [...SEARCHED, ...BODIES.filter((column) => next[MEMBERS[column]] !== undefined)]
      const values = [next.id, next.version - 1, next.version, recordText(next), ...columns.map((column) => columnValue(column, next))]
      const lines = linesOf(events)
      const shape = { columns, whole: true, lines: lines.length > 0, gone: next.goneAt !== undefined }
      const [row] = await run(sql.update(shape), [...values, ...lines])
      if (row?.done) return { replaced: true }
      return { replaced: false, current: await winner(row, next.version - 1, sql.head, next.id) }
    },
    async claim(id, version, changes, events) {
      const columns = [...SEARCHED, ...BODIES].filter((column) => MEMBERS[column] in changes)
      const values = columns.map((column) => columnValue(column, changes))
      const lines = linesOf(events)
      const shape = { columns, whole: false, lines: lines.length > 0, gone: changes.goneAt !== undefined }
      const text = changesText({ ...changes, version: version + 1 })
      const [row] = await run(sql.update(shape), [id, version, version + 1, text, ...values, ...lines])
      if (row?.done) return { claimed: true, job: jobOf(row) }
      return { claimed: false, job: await winner(row, version, sql.full, id) }
    },
    async remove(id, version) {
      const guarded = version !== undefined
      return (await run(sql.remove(guarded), guarded ? [id, version] : [id])).length > 0
    },
    holder: (owner, key) => read(sql.holder(owner !== null), (owner === null ? [key] : [key, owner]).map(columnText)),
    due: (before, limit) => dueFrom((rows) => run(sql.due, [before, rows]), jobOf, limit),
    async list({ owner, status, operation, limit, cursor }) {
      const after = placeOf(cursor)
      const statuses = status === undefined ? undefined : STATUSES.filter((one) => [status].flat().includes(one))
      if (statuses?.length === 0) return { jobs: [] }
      const shape = { operation: operation !== undefined, after: after !== undefined }
      const statement =
        owner === undefined
          ? sql.listAll({ statuses: statuses ?? STATUSES, ...shape })
          : sql.list({ owned: owner !== null, statuses, ...shape })
      const values: unknown[] = [limit + 1]
      if (typeof owner === 'string') values.push(columnText(owner))
      if (operation !== undefined) values.push(columnText(operation))
      if (after) values.push(after.createdAt, after.id)
      return pageOf(await run(statement, values), jobOf, limit)
    },
    ...(maxEvents > 0 && {
      async events(id: string, after: number, limit: number) {
        const rows = await run(sql.events, [id, after, limit])
        const events = rows.map(({ event }): JobEvent => JSON.parse(String(event)))
        return { events, truncated: rows.length > 0 && Number(rows[0]?.oldest) > after + 1 }
      },
    }),
    ...(watchers && { watch: watchers.watch }),
    close: async () => watchers?.close(),
    blobs: postgresBlobs(run, sql),
  }
}
