import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { JobStore } from '@respond-async/core'
import { testStore } from '@respond-async/store-testkit/vitest'
import { type SqliteFileOptions, sqliteStore } from '../src/index'

/** Two connections to one new file. */
const opened = (options?: Partial<SqliteFileOptions>) => () => {
  const directory = mkdtempSync(join(tmpdir(), 'sqlite-store-'))
  const handle = () => sqliteStore({ path: join(directory, 'jobs.db'), ...options, database: undefined })
  const [a, b] = [handle(), handle()]
  return {
    ...{ a, b },
    reopen: async () => handle(),
    async dispose() {
      await a.close?.()
      await b.close?.()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

testStore('sqliteStore({ path })', opened())
testStore('sqliteStore({ path, maxEvents: 50, synchronous: "full" })', opened({ maxEvents: 50, synchronous: 'full' }))
testStore('sqliteStore({ database }), where numbers come as bigint and rows as arrays', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sqlite-store-'))
  const open = () => new DatabaseSync(join(directory, 'jobs.db'), { readBigInts: true, returnArrays: true })
  const [one, other] = [open(), open()]
  const [a, b] = [one, other].map((database) => sqliteStore({ database, maxEvents: 50, watchMs: 10 })) as [JobStore, JobStore]
  return {
    ...{ a, b },
    async dispose() {
      await a.close?.()
      await b.close?.()
      one.close()
      other.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
})
testStore('sqliteStore({ database }), in memory', () => {
  const database = new DatabaseSync(':memory:')
  const store = sqliteStore({ database, maxEvents: 50 })
  return { a: store, b: store, dispose: async () => database.close() }
})
