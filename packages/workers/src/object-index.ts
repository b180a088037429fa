import type { Place } from '@respond-async/core/store'
import type { IndexQuery, IndexRow } from './object-protocol'

/** Most bytes of heads in one answer, which must stay well below the 32 MiB limit of a call. */
const PAGE_BYTES = 8_388_608

const SCHEMA = `CREATE TABLE IF NOT EXISTS jobs (id TEXT PRIMARY KEY NOT NULL, createdAt INTEGER NOT NULL, version INTEGER NOT NULL,
  status TEXT NOT NULL, operation TEXT NOT NULL, dueAt INTEGER, head TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS newest ON jobs (createdAt DESC, id DESC);
CREATE INDEX IF NOT EXISTS newestOf ON jobs (status, createdAt DESC, id DESC)`
const ORDER = 'ORDER BY createdAt DESC, id DESC'

/** A row of the index, as far as its check reads it. */
export type IndexLine = Place & { readonly dueAt: number | null }

/** The index of an owner's jobs, for lists: one row per job, with its head as of the last change. */
export function jobIndex(sql: SqlStorage) {
  let ready = false
  const prepare = () => {
    if (!ready) sql.exec(SCHEMA)
    ready = true
  }
  /** Whether there are tables. Reads do not create them: they would stay with every owner who ever asked for a list. */
  const some = (): boolean => {
    if (!ready && sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'jobs'").toArray().length === 0) return false
    prepare()
    return true
  }

  return {
    /** Writes a row, unless it has a newer version already: writes may arrive out of order. Returns whether there was no row. */
    put({ id, createdAt, version, status, operation, dueAt, head }: IndexRow): boolean {
      prepare()
      const isNew = sql.exec('SELECT 1 FROM jobs WHERE id = ?', id).toArray().length === 0
      sql.exec(
        `INSERT INTO jobs (id, createdAt, version, status, operation, dueAt, head) VALUES (?, ?, ?, ?, ?, ?, ?)
          ON CONFLICT (id) DO UPDATE SET version = excluded.version, status = excluded.status, dueAt = excluded.dueAt, head = excluded.head
          WHERE excluded.version > version`,
        ...[id, createdAt, version, status, operation, dueAt, head],
      )
      return isNew
    },
    drop(id: string): void {
      if (some()) sql.exec('DELETE FROM jobs WHERE id = ?', id)
    },
    /** Reads a page for each state from its index and merges these: one search for several states would sort all of their jobs. */
    rows({ statuses, operation, after, limit }: IndexQuery): { heads: string[]; more: boolean } {
      if (!some()) return { heads: [], more: false }
      const values: (string | number)[] = []
      const value = (one: string | number) => `?${values.push(one)}`
      const where = ['1']
      if (after) where.push(`(createdAt, id) < (${value(after.createdAt)}, ${value(after.id)})`)
      if (operation !== undefined) where.push(`operation = ${value(operation)}`)
      const count = value(limit + 1)
      const page = (...more: string[]) =>
        `SELECT id, createdAt, head FROM jobs WHERE ${[...where, ...more].join(' AND ')} ${ORDER} LIMIT ${count}`
      const pages = statuses && [...new Set(statuses)].map((one) => `SELECT * FROM (${page(`status = ${value(one)}`)})`)
      if (pages?.length === 0) return { heads: [], more: false }
      const query = pages ? `${pages.join(' UNION ALL ')} ${ORDER} LIMIT ${count}` : page()
      const heads: string[] = []
      let bytes = 0
      for (const { head } of sql.exec<{ head: string }>(query, ...values)) {
        bytes += head.length
        if (heads.length === limit || bytes > PAGE_BYTES) return { heads, more: true }
        heads.push(head)
      }
      return { heads, more: false }
    },
    /** The rows of jobs made after a position, oldest first. */
    lines(after: Place | undefined, limit: number): IndexLine[] {
      if (!some()) return []
      const { createdAt, id } = after ?? { createdAt: -1, id: '' }
      return sql
        .exec<{ id: string; createdAt: number; dueAt: number | null }>(
          'SELECT id, createdAt, dueAt FROM jobs WHERE (createdAt, id) > (?, ?) ORDER BY createdAt, id LIMIT ?',
          ...[createdAt, id, limit],
        )
        .toArray()
    },
    /** To be called when the storage has been deleted. */
    forget(): void {
      ready = false
    },
  }
}
