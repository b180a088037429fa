import type { BlobStore } from '@respond-async/core'
import { meaningOf, type SqliteDatabase } from './database'

/** Stores large bodies, one row per chunk. */
export function chunksOf(database: SqliteDatabase): BlobStore {
  const write = database.prepare('INSERT OR REPLACE INTO respond_async_chunks (job_id, name, chunk_index, data) VALUES (?, ?, ?, ?)')
  const read = database.prepare('SELECT data FROM respond_async_chunks WHERE job_id = ? AND name = ? AND chunk_index = ?')
  const remove = database.prepare('DELETE FROM respond_async_chunks WHERE job_id = ? AND name IS NOT ?')
  return {
    maxBodyBytes: null,
    async write(id, name, index, chunk) {
      try {
        write.run(id, name, index, chunk)
      } catch (error) {
        throw meaningOf(error)
      }
    },
    async read(id, name, index) {
      const row = read.get(id, name, index) as { data: Uint8Array } | undefined // what the statement selects
      return row?.data ?? null
    },
    async remove(id, keep) {
      remove.run(id, keep ?? null)
    },
  }
}
