import type { BlobStore } from '@respond-async/core'

/** Keeps chunks in memory and tells how large they were: enough to see that a body is never held as a whole. */
export interface CountedBlobs extends BlobStore {
  /** Bytes of the largest chunk written so far. */
  readonly largest: number
  /** How many chunks are there now. */
  readonly count: number
}

/** @param failing is asked before each chunk is written or read; what it throws, the store throws */
export function countedBlobs(failing: (what: 'write' | 'read', name: string, index: number) => void = () => {}): CountedBlobs {
  const chunks = new Map<string, Uint8Array>()
  const key = (id: string, name: string, index: number) => `${id} ${name} ${index}`
  let largest = 0
  return {
    maxBodyBytes: null,
    get largest() {
      return largest
    },
    get count() {
      return chunks.size
    },
    async write(id, name, index, chunk) {
      failing('write', name, index)
      largest = Math.max(largest, chunk.length)
      chunks.set(key(id, name, index), chunk.slice())
    },
    async read(id, name, index) {
      failing('read', name, index)
      return chunks.get(key(id, name, index)) ?? null
    },
    async remove(id, keep) {
      for (const one of [...chunks.keys()])
        if (one.startsWith(`${id} `) && !(keep !== undefined && one.startsWith(`${id} ${keep} `))) chunks.delete(one)
    },
  }
}
