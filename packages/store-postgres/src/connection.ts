import type { PGliteClient, PgPool, PostgresClient, PostgresJs, PostgresRow } from './client'
import { invalid } from './errors'

/** A statement, with its name as a prepared statement. */
export interface Statement {
  readonly name: string
  readonly text: string
}
export type Run = (statement: Statement, values: unknown[]) => Promise<readonly PostgresRow[]>

/** Common interface over the three kinds of client. */
export interface Connection {
  readonly run: Run
  /** Runs several statements in one round trip and one transaction. */
  script(text: string): Promise<unknown>
  /** Listens on a channel; calls `listening` whenever listening begins. Absent if it needs a client of its own. */
  listen?(channel: string, hear: (payload: string) => void, listening: () => void): Promise<() => Promise<unknown>>
}

/** @throws {JobsError} `invalid_option` if the client is none of the three kinds, or a postgres.js that is unsafe behind a pooler */
export function connectionOf(client: PostgresClient, prepare: boolean): Connection {
  if (typeof client === 'function' && 'unsafe' in client) {
    // A statement sent ahead of an answer may have its text on one connection of the pooler and its values on another one, and so run with
    // the text of somebody else's statement (PgBouncer before 1.21), or hang (Supavisor).
    const { options } = client as PostgresJs
    if ((prepare && options.prepare) || options.max_pipeline === 0) return overPostgresJs(client, prepare)
    throw invalid('a transaction pooler (prepare: false) needs max_pipeline=0 in the URL of postgres.js')
  }
  if (typeof client === 'object' && client !== null) {
    if ('exec' in client && 'transaction' in client) return overPGlite(client)
    if ('connect' in client && 'query' in client) return overPool(client, prepare)
  }
  throw invalid('client must be a pg.Pool, the sql of postgres.js, or a PGlite')
}

const overPool = (pool: PgPool, prepare: boolean): Connection => ({
  async run({ name, text }, values) {
    const { rows } = await pool.query(prepare ? { name, text, values } : { text, values })
    return rows
  },
  script: (text) => pool.query({ text }),
})

const overPostgresJs = (sql: PostgresJs, prepare: boolean): Connection => ({
  run: async ({ text }, values) => sql.unsafe(text, values, { prepare }),
  script: async (text) => sql.unsafe(text),
  async listen(channel, hear, listening) {
    const { unlisten } = await sql.listen(channel, hear, listening)
    return unlisten
  },
})

const overPGlite = (db: PGliteClient): Connection => ({
  // Rows are objects by default.
  run: async ({ text }, values) => (await db.query(text, values)).rows as PostgresRow[],
  script: (text) => db.transaction((transaction) => transaction.exec(text)),
  async listen(channel, hear, listening) {
    const unlisten = await db.listen(channel, hear)
    listening()
    return unlisten
  },
})
