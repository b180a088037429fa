/** A row as the client gives it: values by column name. */
export type PostgresRow = Record<string, unknown>

/** What of a `Pool` of [pg](https://node-postgres.com) is used. Pools made after it (Neon, Vercel, Aurora) will do. */
export interface PgPool {
  query(config: { name?: string; text: string; values?: unknown[] }): Promise<{ rows: PostgresRow[] }>
  /** Tells a pool from a client, whose `connect` brings nothing. The store calls the other. */
  connect(): Promise<PgPoolClient>
  connect(taken: (error: Error | undefined, client: PgPoolClient | undefined) => void): void
}
export interface PgPoolClient {
  query(config: { name?: string; text: string; values?: unknown[] }): Promise<{ rows: PostgresRow[] }>
  on(event: 'error', hear: (error: Error) => void): unknown
  off(event: 'error', hear: (error: Error) => void): unknown
  release(destroy?: boolean): void
}

/** What of `postgres()` of [postgres.js](https://github.com/porsager/postgres) is used. */
export interface PostgresJs extends PostgresJsTransaction {
  begin(act: (transaction: PostgresJsTransaction) => Promise<void>): Promise<unknown>
  listen(channel: string, hear: (payload: string) => void, listening?: () => void): PromiseLike<{ unlisten(): Promise<void> }>
}
export interface PostgresJsTransaction {
  unsafe(text: string, values?: unknown[], options?: { prepare?: boolean }): PromiseLike<readonly PostgresRow[]>
}

/** What of a [PGlite](https://pglite.dev) is used: Postgres inside this process. */
export interface PGliteClient extends PGliteTransaction {
  transaction(act: (transaction: PGliteTransaction) => Promise<unknown>): Promise<unknown>
  listen(channel: string, hear: (payload: string) => void): Promise<() => Promise<void>>
}
export interface PGliteTransaction {
  exec(text: string): Promise<unknown>
  query(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>
}

/** A `pg.Pool`, a `postgres()` of postgres.js or a `PGlite`, told apart by what they can do. */
export type PostgresClient = PgPool | PostgresJs | PGliteClient

/** What `insert` hands to a hand-over that runs in its transaction. */
export interface PostgresTransaction {
  query(text: string, values?: unknown[]): Promise<{ rows: PostgresRow[] }>
}
