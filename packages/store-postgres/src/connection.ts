import { JobsError } from '@respond-async/core'
import type {
  PGliteClient,
  PGliteTransaction,
  PgPool,
  PgPoolClient,
  PostgresClient,
  PostgresJs,
  PostgresJsTransaction,
  PostgresRow,
  PostgresTransaction,
} from './client'

/** One statement. A connection that has prepared it knows it by its name. */
export interface Statement {
  readonly name: string
  readonly text: string
}
export type Run = (statement: Statement, values: unknown[]) => Promise<readonly PostgresRow[]>

/** The three kinds of client as one. */
export interface Connection {
  readonly run: Run
  /** Several statements in one trip: all of them, or none. */
  script(text: string): Promise<unknown>
  /** Commits when `act` resolves; rolls back and throws the same when it throws. */
  transaction(act: (run: Run, transaction: PostgresTransaction) => Promise<void>): Promise<void>
  /** Calls `listening` whenever it begins to listen. Absent where that takes a client of its own. */
  listen?(channel: string, hear: (payload: string) => void, listening: () => void): Promise<() => Promise<unknown>>
}

/** @throws {JobsError} `invalid_option` when it is none of the three. */
export function connectionOf(client: PostgresClient, prepare: boolean): Connection {
  if (typeof client === 'function' && 'unsafe' in client) return overPostgresJs(client, prepare)
  if (typeof client === 'object' && client !== null) {
    if ('exec' in client && 'transaction' in client) return overPGlite(client)
    if ('connect' in client && 'query' in client) return overPool(client, prepare)
  }
  throw noClient()
}

const noClient = () => new JobsError('invalid_option', 'postgresStore: client must be a pg.Pool, the sql of postgres.js, or a PGlite.')

function overPool(pool: PgPool, prepare: boolean): Connection {
  const runOn = (client: Pick<PgPoolClient, 'query'>): Run =>
    prepare
      ? ({ name, text }, values) => rowsOf(client.query({ name, text, values }))
      : ({ text }, values) => rowsOf(client.query({ text, values }))
  return {
    run: runOn(pool),
    script: (text) => pool.query({ text }),
    async transaction(act) {
      const client = await taken(pool)
      let broken = false
      try {
        await client.query({ text: 'BEGIN' })
        await act(runOn(client), { query: (text, values) => client.query({ text, values }) })
        await client.query({ text: 'COMMIT' })
      } catch (error) {
        // A connection on which even this fails is of no use to anybody; what is thrown is why it came to it.
        await client.query({ text: 'ROLLBACK' }).catch(() => {
          broken = true
        })
        throw error
      } finally {
        client.off('error', ignore)
        client.release(broken)
      }
    },
  }
}

/**
 * A client out of the pool, whose errors whoever takes it has to hear: one that nobody hears ends the process. It may be read together
 * with the sign that the connection is ready, so a promise would be too late.
 */
const taken = (pool: PgPool) =>
  new Promise<PgPoolClient>((resolve, reject) => {
    pool.connect((error, client) => {
      client?.on('error', ignore)
      if (client) resolve(client)
      else reject(error ?? noClient()) // a pg.Client brings nothing
    })
  })

function overPostgresJs(sql: PostgresJs, prepare: boolean): Connection {
  const runOn =
    (client: PostgresJsTransaction): Run =>
    async ({ text }, values) =>
      client.unsafe(text, values, { prepare })
  return {
    run: runOn(sql),
    script: async (text) => sql.unsafe(text),
    async transaction(act) {
      let over = false
      const begun = sql.begin(async (client) => {
        const query = async (text: string, values?: unknown[]) => ({ rows: [...(await client.unsafe(text, values))] })
        try {
          await act(runOn(client), { query })
        } catch (error) {
          await aMoment()
          if (!over) throw error
        }
        // COMMIT or ROLLBACK on a connection that is gone would end the process: https://github.com/porsager/postgres/issues/1208.
        // `begin` has rejected by then, and waits for this no longer. To be removed when that is released.
        if (over) await new Promise(() => {})
      })
      await begun.finally(() => {
        over = true
      })
    },
    async listen(channel, hear, listening) {
      const { unlisten } = await sql.listen(channel, hear, listening)
      return unlisten
    },
  }
}

function overPGlite(db: PGliteClient): Connection {
  const query = async (client: PGliteTransaction, text: string, values?: unknown[]) =>
    // Rows are objects where no other form is asked for.
    ({ rows: (await client.query(text, values)).rows as PostgresRow[] })
  const runOn =
    (client: PGliteTransaction): Run =>
    ({ text }, values) =>
      rowsOf(query(client, text, values))
  return {
    run: runOn(db),
    script: (text) => db.transaction((client) => client.exec(text)),
    async transaction(act) {
      await db.transaction((client) => act(runOn(client), { query: (text, values) => query(client, text, values) }))
    },
    async listen(channel, hear, listening) {
      const unlisten = await db.listen(channel, hear)
      listening()
      return unlisten
    },
  }
}

const ignore = () => {}
/** Until what a lost connection brings has been heard by all. */
const aMoment = () => new Promise((resolve) => setTimeout(resolve))
const rowsOf = async (answer: Promise<{ rows: PostgresRow[] }>) => (await answer).rows
