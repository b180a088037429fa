import { type Job, type JobEvent, type JobStore, JobsError } from '@respond-async/core'
import { checkNoOthers, checkWhole, dueFrom } from '@respond-async/core/store'
import { chunksOf } from './chunks'
import { hasFile, meaningOf, openFile, type SqliteDatabase, transactionsOf, withPlainRows } from './database'
import { historyOf } from './history'
import { jobsOf } from './jobs'
import { listingOf } from './listing'
import { jobOf, MAX_BODY_BYTES, MAX_RECORD_BYTES } from './record'
import { checkSetUp, setUp } from './schema'
import { watchOf } from './watch'

interface CommonOptions {
  /** Whether missing tables are created. If `false`, they must exist, see `schema`. @default true */
  migrate?: boolean | undefined
  /**
   * Events of history kept for each job, 0 to 100_000. 0: none, and the store has no `events`. Costs one more row per change.
   * @default 0
   */
  maxEvents?: number | undefined
  /** How often to check for writes of other processes while a client waits, in milliseconds, 10 to 60_000. @default 100 */
  watchMs?: number | undefined
}

/** Options of {@link sqliteStore} for a file that the store opens. */
export interface SqliteFileOptions extends CommonOptions {
  /** Path of the file, created if missing. Its directory must exist and be on a local disk: SQLite cannot lock over a network. */
  path: string
  /**
   * What a power failure may lose. `'normal'`: the latest changes. `'full'`: nothing, at the cost of a disk sync with every write. A
   * crash of the process loses nothing, and the file is never damaged.
   * @default 'normal'
   */
  synchronous?: 'normal' | 'full' | undefined
  /**
   * How long a write waits for another process that writes, in milliseconds, 0 to 2_147_483_647. This process is blocked meanwhile. After
   * it the call fails and is answered 503.
   * @default 5_000
   */
  busyTimeoutMs?: number | undefined
  database?: undefined
}

/** Options of {@link sqliteStore} for a database that the application opens, and closes. WAL mode and busy timeout are left as they are. */
export interface SqliteDatabaseOptions extends CommonOptions {
  database: SqliteDatabase
  path?: undefined
}

export type SqliteStoreOptions = SqliteFileOptions | SqliteDatabaseOptions

/**
 * Stores jobs in one SQLite file: a durable store for one machine, whose processes may share the file. Records without their bodies up to
 * 16 MiB; bodies of any size, those above 32 MiB in chunks.
 *
 * Each call is one synchronous statement or transaction, which blocks this process for some tens of microseconds.
 *
 * @throws {JobsError} `invalid_option`, also if the runtime has no `node:sqlite`
 */
export function sqliteStore(options: SqliteStoreOptions): JobStore {
  const { migrate = true, maxEvents = 0, watchMs = 100 } = checked(options)
  const own = options.database === undefined
  const database = options.database ? withPlainRows(options.database) : openFile(options)
  try {
    if (migrate) setUp(database)
    else checkSetUp(database)
    return storeOver(database, own, maxEvents, watchMs)
  } catch (error) {
    if (own) database.close()
    throw meaningOf(error)
  }
}

function storeOver(database: SqliteDatabase, own: boolean, maxEvents: number, watchMs: number): JobStore {
  const jobs = jobsOf(database)
  const history = historyOf(database, maxEvents)
  const { watch, close } = watchOf(database, watchMs)
  const list = listingOf(database)
  const transaction = transactionsOf(database)
  const file = hasFile(database)
  let open = true

  const isKept = (events: readonly JobEvent[] | undefined): events is readonly JobEvent[] => maxEvents > 0 && !!events?.length
  /** Writes, and adds the events if that succeeds; in a transaction if it is more than one row. */
  const write = (id: string, several: boolean, events: readonly JobEvent[] | undefined, work: () => boolean): boolean => {
    const all = () => {
      const done = work()
      if (done && isKept(events)) history.add(id, events)
      return done
    }
    try {
      return several || isKept(events) ? transaction(all) : all()
    } catch (error) {
      throw meaningOf(error)
    }
  }

  return {
    capabilities: {
      ...{ durable: file, shared: file, due: true, list: true, listAll: true, events: maxEvents > 0, watch: true },
      ...{ maxRecordBytes: MAX_RECORD_BYTES, maxBodyBytes: MAX_BODY_BYTES },
    },
    blobs: chunksOf(database),

    async insert(job, events) {
      const hasBodies = (job.requestBody ?? job.responseBody ?? null) !== null
      for (;;) {
        if (write(job.id, hasBodies, events, () => jobs.insert(job))) return { inserted: true, job }
        const there = jobs.holder(job)
        if (there) return { inserted: false, job: there }
        // Another process has removed that job in between: id and key are free.
      }
    },
    async get(id, view) {
      return view === 'head' ? jobs.head(id) : jobs.full(id)
    },
    async replace(next, events) {
      const namesBodies = next.requestBody !== undefined || next.responseBody !== undefined
      const replaced = write(next.id, namesBodies, events, () => jobs.replace(next))
      return replaced ? { replaced } : { replaced, current: jobs.head(next.id) }
    },
    async remove(id, version) {
      return write(id, false, undefined, () => jobs.remove(id, version))
    },
    async claim(id, version, changes, events) {
      let job: Job | null = null
      const claimed = write(id, true, events, () => {
        job = jobs.full(id)
        if (job?.version !== version) return false
        const { requestBody, responseBody } = changes
        if (!jobs.replace({ ...job, ...changes, requestBody, responseBody }, job.status === (changes.status ?? job.status))) return false
        job = { ...job, ...changes }
        return true
      })
      return { claimed, job }
    },
    async holder(owner, key) {
      return jobs.keyed(owner, key)
    },
    due: (before, limit) => dueFrom(async (rows) => jobs.due(before, rows), jobOf, limit),
    async list(query) {
      return list(query)
    },
    ...(maxEvents > 0 && {
      async events(id: string, after: number, limit: number) {
        return history.read(id, after, limit)
      },
    }),
    watch,
    async close() {
      if (!open) return
      open = false
      close()
      if (own) database.close()
    },
  }
}

/** @throws {JobsError} `invalid_option` */
function checked(options: SqliteStoreOptions): SqliteStoreOptions {
  const { path, database, synchronous, migrate, maxEvents, watchMs, busyTimeoutMs, ...others } = (options ?? {}) as AnyOptions
  if ((typeof path === 'string' && path !== '') === (database !== undefined))
    throw invalid("give it either a file, { path: 'jobs.db' }, or an open { database }")
  checkNoOthers('sqliteStore', others)
  if (database !== undefined && typeof database.prepare !== 'function') throw invalid('database must be a DatabaseSync of node:sqlite')
  if (synchronous !== undefined && synchronous !== 'normal' && synchronous !== 'full')
    throw invalid(`synchronous must be 'normal' or 'full', not ${JSON.stringify(synchronous)}`)
  checkWhole('sqliteStore: busyTimeoutMs', busyTimeoutMs, 0, 2_147_483_647)
  checkWhole('sqliteStore: maxEvents', maxEvents, 0, 100_000)
  checkWhole('sqliteStore: watchMs', watchMs, 10, 60_000)
  return options
}
/** Options for a file or a database. */
type AnyOptions = Omit<SqliteFileOptions, 'database'> & Partial<Pick<SqliteDatabaseOptions, 'database'>>

const invalid = (message: string) => new JobsError('invalid_option', `sqliteStore: ${message}`)
