import { JobsError } from '@respond-async/core'

/** Type of a statement's parameters. */
export type SqliteValue = string | number | Uint8Array | null

/** The part of `StatementSync` that the store uses. */
export interface SqliteStatement {
  get(...values: SqliteValue[]): unknown
  all(...values: SqliteValue[]): unknown[]
  run(...values: SqliteValue[]): { readonly changes: number | bigint }
  setReadBigInts?(enabled: boolean): void
  setReturnArrays?(enabled: boolean): void
}

/** The part of `DatabaseSync` of `node:sqlite` that the store uses. */
export interface SqliteDatabase {
  exec(sql: string): void
  prepare(sql: string): SqliteStatement
  close(): void
}

/** Options for opening a file. */
interface FileOptions {
  readonly path: string
  readonly synchronous?: 'normal' | 'full' | undefined
  readonly busyTimeoutMs?: number | undefined
}

/** Opens a file in WAL mode, in which readers and the one writer do not wait for each other. */
export function openFile({ path, synchronous = 'normal', busyTimeoutMs = 5_000 }: FileOptions): SqliteDatabase {
  const { DatabaseSync } = sqliteModule()
  let database: SqliteDatabase | undefined
  try {
    database = new DatabaseSync(path)
    database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`)
    useWriteAheadLog(database, busyTimeoutMs)
    database.exec(`PRAGMA synchronous = ${synchronous}`)
    return database
  } catch (cause) {
    database?.close()
    throw new Error(`sqliteStore: ${path}: ${Object(cause).message}`, { cause }) // SQLite does not say which file
  }
}

/** Loads `node:sqlite` on demand: an import would fail with an obscure error in runtimes without it. */
function sqliteModule(): typeof import('node:sqlite') {
  const found = globalThis.process?.getBuiltinModule?.('node:sqlite')
  if (found) return found
  const { node, bun, deno } = globalThis.process?.versions ?? {}
  const here = bun ? `Bun ${bun}` : deno ? `Deno ${deno}` : node ? `Node ${node}` : 'another runtime'
  throw new JobsError(
    'invalid_option',
    `sqliteStore needs the module node:sqlite: Node 22.13 or later (from 22.5 on with --experimental-sqlite), Bun 1.4 or Deno 2.9. This is ${here}.`,
  )
}

/** Sets WAL mode. Retries, because SQLite may refuse it without waiting for the busy timeout if several processes set it at once. */
function useWriteAheadLog(database: SqliteDatabase, busyTimeoutMs: number): void {
  for (let waited = 0; ; waited += PAUSE_MS) {
    try {
      return database.exec('PRAGMA journal_mode = WAL')
    } catch (error) {
      if (codeOf(error) !== SQLITE_BUSY || waited >= busyTimeoutMs) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS)
    }
  }
}
const PAUSE_MS = 5

/** Wraps a database so that it returns numbers and objects, even if the application has set it to return bigints or arrays. */
export const withPlainRows = (database: SqliteDatabase): SqliteDatabase => ({
  exec: (sql) => database.exec(sql),
  close: () => database.close(),
  prepare(sql) {
    const statement = database.prepare(sql)
    statement.setReadBigInts?.(false)
    statement.setReturnArrays?.(false)
    return statement
  },
})

/** Whether the database is a file, which outlives the process. */
export function hasFile(database: SqliteDatabase): boolean {
  const rows = database.prepare('PRAGMA database_list').all() as { name: string; file: string | null }[] // as documented
  return rows.some(({ name, file }) => name === 'main' && !!file)
}

/** Runs `work` in a transaction that holds the write lock from the start, so that two transactions cannot deadlock. */
export function transactionsOf(database: SqliteDatabase): <T>(work: () => T) => T {
  const begin = database.prepare('BEGIN IMMEDIATE')
  const commit = database.prepare('COMMIT')
  const rollback = database.prepare('ROLLBACK')
  return (work) => {
    begin.run()
    try {
      const answer = work()
      commit.run()
      return answer
    } catch (error) {
      try {
        rollback.run()
      } catch {
        // After some errors, such as a full disk, SQLite has rolled back already.
      }
      throw error
    }
  }
}

const SQLITE_BUSY = 5
const SQLITE_FULL = 13
const SQLITE_TOOBIG = 18

/** Primary result code of an SQLite error. */
function codeOf(error: unknown): number | undefined {
  const { errcode } = Object(error) as { errcode?: unknown }
  return typeof errcode === 'number' ? errcode & 0xff : undefined
}

/** Translates the errors that core distinguishes; all others mean that the store is unavailable. */
export function meaningOf(error: unknown): unknown {
  const code = codeOf(error)
  if (code === SQLITE_FULL) return new JobsError('store_full', 'The SQLite file, or its disk, is full.', { cause: error })
  return code === SQLITE_TOOBIG ? new JobsError('too_large', 'This value is too large for SQLite.', { cause: error }) : error
}
