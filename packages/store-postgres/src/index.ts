export type {
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
export type { ListenClient } from './listener'
export { type PostgresStoreOptions, postgresStore } from './postgres-store'
export { postgresSchema } from './schema'
