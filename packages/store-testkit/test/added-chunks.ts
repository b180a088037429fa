import type { BlobStore } from '@respond-async/core'
import type { AddedFault } from './added-faults'

/** Chunks by the place that was made of their job, name and number. */
export type Chunks = Map<string, { readonly id: string; readonly name: string; readonly index: number; readonly data: Uint8Array }>

/** Sixteen chunks: the 200 of 50 MiB are for a store without a fault. */
export const MAX_BODY = 4_194_304

/** Chunks in a map, and what removes those of a job together with it. */
export function chunksOf(
  chunks: Chunks,
  is: (fault: AddedFault) => boolean,
  maxBodyBytes: number | null,
  hasJob: (id: string) => Promise<boolean>,
) {
  const cache = new Map<string, Uint8Array | null>()

  const placeOf = (id: string, name: string, index: number): string => {
    if (is('joins_name_and_number')) return JSON.stringify([id, name + index])
    if (is('chunk_ids_ignore_case')) return JSON.stringify([id.toLowerCase(), name, index])
    return JSON.stringify([id, name, is('numbers_go_round') ? index % 12 : index])
  }
  /** What is kept of a chunk, spoiled where that is the fault. */
  const kept = (chunk: Uint8Array, before: Uint8Array | undefined): Uint8Array => {
    if (is('keeps_passed_chunks')) return chunk
    if (is('keeps_whole_buffers_of_chunks')) return new Uint8Array(chunk.buffer.slice(0))
    if (is('chunks_as_text')) return new TextEncoder().encode(new TextDecoder().decode(chunk))
    if (is('chunks_are_written_once') && before) return before
    if (is('writes_over_the_start') && before && before.length > chunk.length)
      return Uint8Array.from([...chunk, ...before.subarray(chunk.length)])
    return chunk.slice()
  }
  const isOf = (id: string, wanted: string): boolean => {
    if (is('removes_by_prefix')) return id.startsWith(wanted)
    if (is('removes_by_pattern')) return new RegExp(`^${wanted.replaceAll('.', '\\.').replaceAll('_', '.')}$`).test(id)
    return id === wanted
  }
  const isKept = (name: string, keep: string | undefined): boolean => {
    if (keep === undefined || is('removes_what_is_to_be_kept')) return false
    return is('keeps_by_prefix') ? name.startsWith(keep) : name === keep
  }

  const removeAll = (wanted: string, keep?: string): number => {
    let removed = 0
    if (
      is('keeps_all_without_the_kept') &&
      keep !== undefined &&
      ![...chunks.values()].some(({ id, name }) => id === wanted && name === keep)
    )
      return 1
    for (const [place, { id, name, index }] of [...chunks]) {
      if (!isOf(id, wanted) || isKept(name, keep) || (is('removes_first_chunks') && index > 9)) continue
      chunks.delete(place)
      removed++
    }
    return removed
  }

  const blobs: BlobStore = {
    maxBodyBytes: is('limit_of_blobs_is_no_number') ? Number.NaN : maxBodyBytes,
    async write(id, name, index, chunk) {
      if (is('chunks_need_their_job') && !(await hasJob(id))) throw new Error(`There is no job ${id}`)
      const place = placeOf(id, name, index)
      chunks.set(place, { id, name, index, data: kept(chunk, chunks.get(place)?.data) })
    },
    async read(id, name, index) {
      const place = placeOf(id, name, index)
      const data = (is('caches_chunks') && cache.get(place)) || chunks.get(place)?.data
      if (data) cache.set(place, data)
      if (!data || (is('empty_chunk_is_none') && data.length === 0)) return is('missing_chunk_is_empty') ? new Uint8Array(0) : null
      return is('hands_out_its_chunks') ? data : data.slice()
    },
    async remove(id, keep) {
      if (removeAll(id, keep) === 0 && is('removal_of_nothing_throws')) throw new Error(`There are no bodies of job ${id}`)
    },
  }
  return { blobs, removeAll }
}
