export type {
  PGliteClient,
  PgPool,
  PostgresClient,
  PostgresJs,
  PostgresRow,
} from './client'
export type { ListenClient } from './listener'
export { type PostgresStoreOptions, postgresStore } from './postgres-store'
export { postgresSchema } from './schema'
