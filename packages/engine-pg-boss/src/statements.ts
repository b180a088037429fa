import type { SqlStatement } from '@respond-async/core'
import type { Db } from 'pg-boss'

/** What pg-boss would have Postgres do, noted and not done. It hears of no rows, as when a message is there already. */
export async function noted(send: (db: Db) => Promise<unknown>): Promise<readonly SqlStatement[]> {
  const statements: SqlStatement[] = []
  await send({
    async executeSql(text, values = []) {
      statements.push({ text, values: values.map((value) => (value === null ? null : String(value))) })
      return { rows: [] }
    },
  })
  return statements
}
