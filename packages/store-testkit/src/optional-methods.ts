import type { BlobStore, Claimed, Job, JobEvent, JobQuery, JobStore } from '@respond-async/core'

/** Calls optional methods of a store; an error if the store declares but lacks them. */
export function due(store: JobStore, before: number, limit: number): Promise<Job[]> {
  return store.due ? store.due(before, limit) : missing('due')
}

export function list(store: JobStore, query: Partial<JobQuery> = {}): Promise<{ jobs: Job[]; cursor?: string }> {
  return store.list ? store.list({ owner: null, limit: 100, ...query }) : missing('list')
}

export function events(store: JobStore, id: string, after: number, limit: number) {
  return store.events ? store.events(id, after, limit) : missing('events')
}

export function watch(store: JobStore, id: string, signal: AbortSignal): AsyncIterator<number> {
  return store.watch ? store.watch(id, signal)[Symbol.asyncIterator]() : missing('watch')
}

export function claim(store: JobStore, id: string, version: number, changes: Partial<Job>, events?: readonly JobEvent[]): Promise<Claimed> {
  return store.claim ? store.claim(id, version, changes, events) : absent('claim')
}

export function holder(store: JobStore, owner: string | null, key: string): Promise<Job | null> {
  return store.holder ? store.holder(owner, key) : absent('holder')
}

export const blobsOf = (store: JobStore): BlobStore => store.blobs ?? absent('blobs')

/** Lists all pages. `between` is called after every page but the last. */
export async function allPages(store: JobStore, query: Partial<JobQuery>, between?: (page: number) => Promise<void>): Promise<Job[]> {
  const jobs: Job[] = []
  let cursor: string | undefined
  for (let page = 1; page <= 200; page++) {
    const answer = await list(store, { ...query, cursor })
    jobs.push(...answer.jobs)
    cursor = answer.cursor
    if (cursor === undefined) return jobs
    await between?.(page)
  }
  throw new Error('list() still gave a cursor after 200 pages')
}

function missing(name: string): never {
  throw new Error(`the store declares capabilities.${name}, but has no method ${name}()`)
}

function absent(name: string): never {
  throw new Error(`the store was declared to have "${name}", but has not`)
}
