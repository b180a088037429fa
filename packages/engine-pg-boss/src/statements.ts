import type { SqlStatement } from '@respond-async/core'
import type { Db } from 'pg-boss'

/** Records the statements of pg-boss without running them. pg-boss gets no rows, as if the message existed already. */
export async function noted(send: (db: Db) => Promise<unknown>): Promise<readonly SqlStatement[]> {
  const statements: SqlStatement[] = []
  await send({
    async executeSql(text, values) {
      statements.push({ text, values: values as string[] }) // all messages as one text
      return { rows: [] }
    },
  })
  return statements
}
