/** A row as the client gives it: values by column name. */
export type PostgresRow = Record<string, unknown>

/** What of a `Pool` of [pg](https://node-postgres.com) is used. Pools made after it (Neon, Vercel, Aurora) will do. */
export interface PgPool {
  query(config: { name?: string; text: string; values?: unknown[] }): Promise<{ rows: PostgresRow[] }>
  /** Tells a pool from a client, whose `connect` brings nothing: one connection would make the calls of all wait for each other. */
  connect(): Promise<{ release(): void }>
}

/** What of `postgres()` of [postgres.js](https://github.com/porsager/postgres) is used. */
export interface PostgresJs {
  unsafe(text: string, values?: unknown[], options?: { prepare?: boolean }): PromiseLike<readonly PostgresRow[]>
  listen(channel: string, hear: (payload: string) => void, listening?: () => void): PromiseLike<{ unlisten(): Promise<void> }>
}

/** What of a [PGlite](https://pglite.dev) is used: Postgres inside this process. */
export interface PGliteClient {
  exec(text: string): Promise<unknown>
  query(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>
  transaction(act: (transaction: Pick<PGliteClient, 'exec'>) => Promise<unknown>): Promise<unknown>
  listen(channel: string, hear: (payload: string) => void): Promise<() => Promise<void>>
}

/** A `pg.Pool`, a `postgres()` of postgres.js or a `PGlite`, told apart by what they can do. */
export type PostgresClient = PgPool | PostgresJs | PGliteClient
