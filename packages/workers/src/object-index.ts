import type { IndexQuery, IndexRow } from './object-protocol'

/** Bytes of heads in one answer: what crosses to the caller has to stay well under the 32 MiB of a call. */
const PAGE_BYTES = 8_388_608

/** An owner's jobs, newest first, for lists. One row a job, with the head as of its last change. */
export function jobIndex(sql: SqlStorage) {
  let ready = false
  const prepare = () => {
    if (ready) return
    sql.exec(
      `CREATE TABLE IF NOT EXISTS jobs (id TEXT PRIMARY KEY, createdAt INTEGER NOT NULL, version INTEGER NOT NULL, status TEXT NOT NULL,
        operation TEXT NOT NULL, head TEXT NOT NULL) WITHOUT ROWID`,
    )
    sql.exec('CREATE INDEX IF NOT EXISTS newest ON jobs (createdAt DESC, id DESC)')
    ready = true
  }

  return {
    /** Two writers of one job may come in the wrong order: the older version is dropped. */
    put({ id, createdAt, version, status, operation, head }: IndexRow): void {
      prepare()
      sql.exec(
        `INSERT INTO jobs (id, createdAt, version, status, operation, head) VALUES (?, ?, ?, ?, ?, ?)
          ON CONFLICT (id) DO UPDATE SET version = excluded.version, status = excluded.status, head = excluded.head
          WHERE excluded.version > version`,
        ...[id, createdAt, version, status, operation, head],
      )
    },
    drop(id: string): void {
      prepare()
      sql.exec('DELETE FROM jobs WHERE id = ?', id)
    },
    rows({ statuses, operation, after, limit }: IndexQuery): { heads: string[]; more: boolean } {
      prepare()
      const where = ['1']
      const values: (string | number)[] = []
      const only = (condition: string, ...its: (string | number)[]) => {
        where.push(condition)
        values.push(...its)
      }
      if (after) only('(createdAt, id) < (?, ?)', after.createdAt, after.id)
      if (statuses) only(`status IN (${statuses.map(() => '?')})`, ...statuses)
      if (operation !== undefined) only('operation = ?', operation)
      const query = `SELECT head FROM jobs WHERE ${where.join(' AND ')} ORDER BY createdAt DESC, id DESC LIMIT ?`
      const heads: string[] = []
      let bytes = 0
      for (const { head } of sql.exec<{ head: string }>(query, ...values, limit + 1)) {
        bytes += head.length
        if (heads.length === limit || (bytes > PAGE_BYTES && heads.length > 0)) return { heads, more: true }
        heads.push(head)
      }
      return { heads, more: false }
    },
  }
}
