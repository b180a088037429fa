export type { SqliteDatabase, SqliteStatement, SqliteValue } from './database'
export { schema } from './schema'
export type { SqliteDatabaseOptions, SqliteFileOptions, SqliteStoreOptions } from './sqlite-store'
export { sqliteStore } from './sqlite-store'
