import type { BlobStore } from '@respond-async/core'
import type { Run } from './connection'
import type { statements } from './statements'

/** Stores large bodies, one row per chunk. */
export const postgresBlobs = (run: Run, sql: ReturnType<typeof statements>): BlobStore => ({
  maxBodyBytes: null,
  async write(id, name, index, chunk) {
    await run(sql.writeChunk, [id, name, index, chunk])
  },
  async read(id, name, index) {
    const [row] = await run(sql.readChunk, [id, name, index])
    return row ? (row.data as Uint8Array) : null // the only column, bytea
  },
  async remove(id, keep) {
    await run(sql.removeChunks(keep !== undefined), keep === undefined ? [id] : [id, keep])
  },
})
