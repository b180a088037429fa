import type { Db } from 'pg-boss'

/** What a Postgres store runs a hand-over in. */
interface Transaction {
  query(text: string, values?: unknown[]): Promise<{ rows: Record<string, unknown>[] }>
}

export const isTransaction = (value: unknown): value is Transaction => typeof Object(value).query === 'function'

/** Makes pg-boss write through the transaction: its message is there when the job is, or neither is. */
export const within = (transaction: Transaction): Db => ({
  executeSql: (text, values = []) => transaction.query(text, values),
})
