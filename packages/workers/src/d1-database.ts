import { JobsError } from '@respond-async/core'
import { D1_SCHEMA } from './d1-schema'

/** The part of a prepared D1 statement that the store uses. */
export interface JobStatement {
  bind(...values: unknown[]): JobStatement
  all<Row = Record<string, unknown>>(): Promise<{ results: Row[] }>
}

/** The part of a D1 binding, `env.DB`, that the store uses. */
export interface JobDatabase {
  prepare(query: string): JobStatement
  batch<Row = unknown>(statements: JobStatement[]): Promise<{ results: Row[] }[]>
}

/** A statement with its values. */
export type Sql = readonly [text: string, ...values: unknown[]]
type Rows = Record<string, unknown>[]

/** Runs statements in one call and one transaction; resolves to the rows of each. */
export type Execute = (statements: readonly Sql[]) => Promise<Rows[]>

/** What SQLite says where there is no room, and what D1 says at the limits of a database and of an account. */
const FULL = /SQLITE_FULL|maximum (DB size|account storage)/

/** @param migrate whether to create missing tables and indexes when a statement fails for the lack of them, without a check before */
export function executor(database: JobDatabase, migrate: boolean): Execute {
  const prepared = ([text, ...values]: Sql) => database.prepare(text).bind(...values)
  const execute: Execute = async (statements) => {
    const [first] = statements
    try {
      if (statements.length === 1 && first) return [(await prepared(first).all()).results]
      return (await database.batch<Record<string, unknown>>(statements.map(prepared))).map(({ results }) => results)
    } catch (cause) {
      throw FULL.test(String(cause)) ? new JobsError('store_full', 'The D1 database is full.', { cause }) : cause
    }
  }
  return async (statements) => {
    try {
      return await execute(statements)
    } catch (error) {
      if (!migrate || !/no such (table|index): respond_async_/.test(String(error))) throw error
      await execute(D1_SCHEMA.map((text) => [text]))
      return execute(statements)
    }
  }
}
