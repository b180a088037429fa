import { PGlite } from '@electric-sql/pglite'
import type { SqlStatement } from '@respond-async/core'
import { type PostgresStoreOptions, postgresStore } from '@respond-async/store-postgres'
import type { HandOvers, OpenedStore } from '@respond-async/store-testkit'
import pg from 'pg'
import postgres from 'postgres'
import { afterAll, vi } from 'vitest'
import { startPostgres } from '../../../tests/postgres'

// Megabytes through a Postgres in WebAssembly take their time, on a machine that has other things to do.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

/** The server of one test file. */
export async function fileServer() {
  const server = await startPostgres()
  afterAll(() => server.stop())
  return server
}

let schemas = 0
/** A schema that nobody has used yet. */
export const freshSchema = () => `s${process.pid}_${++schemas}`

/** A pool as README.md advises: an idle connection that is lost is no reason to end the process. */
export function poolOf(url: string, more: pg.PoolConfig = {}): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: 10, ...more })
  pool.on('error', () => {})
  return pool
}

export const postgresJsOf = (url: string, more: postgres.Options<Record<string, postgres.PostgresType>> = {}) =>
  postgres(url, { max: 10, onnotice() {}, ...more })

type Options = Omit<PostgresStoreOptions, 'client' | 'schema' | 'watch'> & { watch?: boolean }

/** Statements that write into a table of their own. It is made with the first. */
function handOversIn(schema: string, query: (text: string) => PromiseLike<readonly object[]>): HandOvers {
  const table = `${schema}_handed_over`
  // Made as part of a hand-over, so that it needs no moment of its own before the store makes its tables.
  const of = (name: string): SqlStatement[] => [
    { text: `CREATE TABLE IF NOT EXISTS ${table} (name text, n integer)`, values: [] },
    { text: `INSERT INTO ${table} VALUES ($1, $2::integer) RETURNING n`, values: [name, '7'] },
  ]
  return {
    of,
    failing: (name) => [...of(name), { text: 'SELECT $1::integer', values: ['seven'] }],
    async done() {
      const [there] = await query(`SELECT to_regclass('${table}') AS it`)
      if (there && 'it' in there && there.it === null) return []
      const rows = await query(`SELECT name FROM ${table}`)
      return rows.map((row) => ('name' in row ? String(row.name) : ''))
    },
  }
}

/** Two pools of pg over one schema. */
export function openPg(url: string, { watch, ...options }: Options = {}): OpenedStore {
  const schema = freshSchema()
  const pools: pg.Pool[] = []
  const open = () => {
    const client = poolOf(url)
    pools.push(client)
    return postgresStore({ client, schema, ...options, ...(watch && { watch: () => new pg.Client(url) }) })
  }
  const [a, b] = [open(), open()]
  return {
    ...{ a, b, reopen: async () => open() },
    handOvers: handOversIn(schema, async (text) => (await (pools[0] as pg.Pool).query(text)).rows),
    async dispose() {
      await Promise.all([a.close?.(), b.close?.()])
      await Promise.all(pools.map((pool) => pool.end()))
    },
  }
}

/** Two clients of postgres.js over one schema. */
export function openPostgresJs(url: string, { watch, ...options }: Options = {}): OpenedStore {
  const schema = freshSchema()
  const clients: postgres.Sql[] = []
  const open = () => {
    const client = postgresJsOf(options.prepare === false ? `${url}?max_pipeline=0` : url)
    clients.push(client)
    return postgresStore({ client, schema, ...options, ...(watch && { watch: true }) })
  }
  const [a, b] = [open(), open()]
  return {
    ...{ a, b, reopen: async () => open() },
    handOvers: handOversIn(schema, (text) => (clients[0] as postgres.Sql).unsafe(text)),
    async dispose() {
      await Promise.all([a.close?.(), b.close?.()])
      await Promise.all(clients.map((client) => client.end()))
    },
  }
}

let db: PGlite | undefined
/** Two stores over one PGlite, which is one connection: starting one for every case would take two seconds each. */
export function openPGlite({ watch, ...options }: Options = {}): OpenedStore {
  const client = db ?? new PGlite()
  db = client
  const schema = freshSchema()
  const open = () => postgresStore({ client, schema, ...options, ...(watch && { watch: true }) })
  const [a, b] = [open(), open()]
  return {
    ...{ a, b, reopen: async () => open() },
    handOvers: handOversIn(schema, async (text) => (await client.query<object>(text)).rows),
    async dispose() {
      await Promise.all([a.close?.(), b.close?.()])
    },
  }
}
