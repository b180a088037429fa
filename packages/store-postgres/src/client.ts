/** A row as the client returns it: values by column name. */
export type PostgresRow = Record<string, unknown>

/** The part of a `Pool` of [pg](https://node-postgres.com) that is used. Compatible pools (Neon, Vercel, Aurora) work too. */
export interface PgPool {
  query(config: { name?: string; text: string; values?: unknown[] }): Promise<{ rows: PostgresRow[] }>
  /** Distinguishes a pool from a client, whose `connect` resolves to nothing: on one connection all calls would wait for each other. */
  connect(): Promise<{ release(): void }>
}

/** The part of `postgres()` of [postgres.js](https://github.com/porsager/postgres) that is used. */
export interface PostgresJs {
  unsafe(text: string, values?: unknown[], options?: { prepare?: boolean }): PromiseLike<readonly PostgresRow[]>
  listen(channel: string, hear: (payload: string) => void, listening?: () => void): PromiseLike<{ unlisten(): Promise<void> }>
  /** Its settings. `max_pipeline`, how many statements it sends ahead of an answer, is not in its types. */
  readonly options: { readonly max: unknown; readonly prepare: unknown; readonly max_pipeline?: unknown }
}

/** The part of a [PGlite](https://pglite.dev), Postgres inside this process, that is used. */
export interface PGliteClient {
  exec(text: string): Promise<unknown>
  query(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>
  transaction(act: (transaction: Pick<PGliteClient, 'exec'>) => Promise<unknown>): Promise<unknown>
  listen(channel: string, hear: (payload: string) => void): Promise<() => Promise<void>>
}

/** A `pg.Pool`, a `postgres()` of postgres.js or a `PGlite`, distinguished by their methods. */
export type PostgresClient = PgPool | PostgresJs | PGliteClient
