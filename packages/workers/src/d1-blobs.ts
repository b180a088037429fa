import type { BlobStore } from '@respond-async/core'
import type { Execute } from './d1-database'
import { bodyOf, dataOf, READ_DATA, writtenData } from './d1-record'

const encoder = new TextEncoder()

/** Largest body, in bytes: 1 GiB, a tenth of the largest database. */
const MAX_BYTES = 1_073_741_824

const WRITE = `INSERT OR REPLACE INTO respond_async_chunks (job_id, name, chunk, data) VALUES (?1, ?2, ?3, ${writtenData('?4', '?5')})`
const READ = `SELECT ${READ_DATA} AS data FROM respond_async_chunks WHERE job_id = ? AND name = ? AND chunk = ?`

/** Stores large bodies in rows, one per chunk. */
export const d1Blobs = (execute: Execute): BlobStore => ({
  maxBodyBytes: MAX_BYTES,
  async write(id, name, index, chunk) {
    await execute([[WRITE, id, name, index, ...dataOf(chunk)]])
  },
  async read(id, name, index) {
    const [rows] = await execute([[READ, id, name, index]])
    const chunk = bodyOf(rows?.[0]?.data)
    return typeof chunk === 'string' ? encoder.encode(chunk) : chunk
  },
  async remove(id, keep) {
    await execute([['DELETE FROM respond_async_chunks WHERE job_id = ? AND name IS NOT ?', id, keep ?? null]])
  },
})
