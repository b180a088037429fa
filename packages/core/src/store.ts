import type { JobEngine, Platform, Runner } from './engine'
import type { Job, JobEvent, JobStatus } from './job'

/** What a store can do beyond its four required methods. The testkit checks what is declared here. */
export interface StoreCapabilities {
  /** Jobs survive a restart of the process. */
  readonly durable: boolean
  /** Several processes can use the same jobs. */
  readonly shared: boolean
  /** Has `due`. */
  readonly due: boolean
  /** Has `list`. */
  readonly list: boolean
  /** `list` without an owner lists the jobs of all owners. @default false */
  readonly listAll?: boolean
  /** Has `events`. */
  readonly events: boolean
  /** Has `watch`. */
  readonly watch: boolean
  /** Largest record without its bodies, in bytes; `null`: no limit but memory. */
  readonly maxRecordBytes: number | null
  /** Largest request or response body of a record, in bytes; `null`: no limit but memory. */
  readonly maxBodyBytes: number | null
  /** Kind of transaction in which `insert` can also write an engine's message, if the engine names the same kind: `'postgres'`. */
  readonly transaction?: string
}

/** Which jobs to list. Filters that are not given match every job. */
export interface JobQuery {
  /** `null`: jobs without an owner. `undefined`: jobs of all owners; only asked of a store with `listAll`. */
  readonly owner?: string | null
  /** One state, or a list of which any matches; an empty list matches no job. */
  readonly status?: JobStatus | readonly JobStatus[]
  readonly operation?: string
  /** Most jobs to return: 1 to 1,000 from `jobs.list`, 1 to 100 over HTTP. */
  readonly limit: number
  /** The `cursor` of an earlier page, opaque; it may come from another process. An unreadable one throws `JobsError` `invalid_cursor`. */
  readonly cursor?: string
}

export type Inserted = { readonly inserted: boolean; readonly job: Job }
export type Replaced = { readonly replaced: true } | { readonly replaced: false; readonly current: Job | null }
/** `job`: the full record as it is now, bodies included, whether it was claimed or not; `null`: there is none. */
export type Claimed = { readonly claimed: boolean; readonly job: Job | null }
/** `'head'`: without the bodies. */
export type JobView = 'head' | 'full'

/**
 * Stores bodies that are too large for a record, in numbered chunks. A body is identified by its job and a name: `request`, or
 * `response-1` for the response of attempt 1. Part of a store, or given to `createJobs` beside one (files, R2).
 */
export interface BlobStore {
  /** Largest single body, in bytes; `null`: no limit. */
  readonly maxBodyBytes: number | null
  /** Writes or overwrites chunk `index` (from 0) of a body. Resolves once it is as durable as the store can make it. */
  write(id: string, name: string, index: number, chunk: Uint8Array): Promise<void>
  /** Reads chunk `index`; `null` if there is none. */
  read(id: string, name: string, index: number): Promise<Uint8Array | null>
  /** Removes all bodies of a job but the one named `keep`. No error if there are none. */
  remove(id: string, keep?: string): Promise<void>
}

/** What core offers to a store whose records wake up by themselves, such as Durable Objects with alarms. */
export interface StoreHost {
  readonly run: Runner
  /** Repairs one job if it is overdue, as a sweep would. A store that calls it from an alarm needs no sweep. */
  repair(id: string, platform?: Platform): Promise<unknown>
  /** The document that watchers of the job at `self` are sent: for a store that holds their sockets. */
  show(job: Job, self: string): string
}

/**
 * Where jobs are stored. Knows no states, no rules and no clock: it inserts, reads, and writes by compare-and-set.
 *
 * A record that is too large is refused with `JobsError` `too_large`, never truncated; one for which there is no room with
 * `store_full`. Anything else that is thrown means that the store is unavailable. Later changes to objects that a caller passed or
 * received must not change what is stored: keep copies, or freeze what you return.
 */
export interface JobStore {
  readonly capabilities: StoreCapabilities

  /**
   * Atomic create-if-absent: unique on `id`, and on (`owner`, `idempotencyKey`) when there is a key.
   * Returns the job that is stored now: the new one, or the existing one, of which the head is enough.
   *
   * @param handOver what {@link JobEngine.prepare} returned; only for a store that names a `transaction`. To be written in the commit
   *   that inserts a new job. If it fails, nothing is inserted and `insert` throws.
   */
  insert(job: Job, events?: readonly JobEvent[], handOver?: unknown): Promise<Inserted>

  /** Reads a job in one round trip. With `'head'`, which polls use, the bodies need not be loaded and may be `undefined`. */
  get(id: string, view?: JobView): Promise<Job | null>

  /**
   * Writes `next` if the stored version is `next.version - 1`, with its events in the same commit. A body that is `undefined` in
   * `next` stays as it is stored. If `next` no longer has its idempotency key, the key is free again. After a lost race returns the
   * head of the stored job.
   */
  replace(next: Job, events?: readonly JobEvent[]): Promise<Replaced>

  /** Deletes a job with its bodies and events; with `version`, only that version. Resolves to whether it was deleted. */
  remove(id: string, version?: number): Promise<boolean>

  /**
   * Merges `changes` into the stored record if its version is `version`, with events in the same commit, and returns the full record:
   * a worker's claim in one round trip instead of the two of `get` and `replace`. Members that are `undefined` in `changes` are
   * cleared; its `version` is the next one.
   */
  claim?(id: string, version: number, changes: Partial<Job>, events?: readonly JobEvent[]): Promise<Claimed>
  /**
   * The head of the job that holds this owner's idempotency key, `null` if there is none. Asked only when no new job may be accepted,
   * so that a repeated request still finds its job; without `holder` it is refused like a new one.
   */
  holder?(owner: string | null, key: string): Promise<Job | null>
  /**
   * Heads of the jobs whose `dueAt` is at or before `before`, soonest first. A record that cannot be read (`get` throws for it) is left
   * out without counting toward `limit`, so that the others are still repaired.
   */
  due?(before: number, limit: number): Promise<Job[]>
  /**
   * Heads of the jobs that match, without tombstones, newest first (`createdAt`, then `id`, descending). A head may be as of an earlier
   * version of the same `revision`: a list that is an index of its own need not be told of every renewal of a lease.
   */
  list?(query: JobQuery): Promise<{ jobs: Job[]; cursor?: string }>
  /** History after version `after`, oldest first. `truncated`: events before the first one returned have been dropped. */
  events?(id: string, after: number, limit: number): Promise<{ events: JobEvent[]; truncated: boolean }>
  /**
   * Yields the job's version at every change from now on, by any process, until the signal aborts. Where a change may have been missed it
   * yields the current version, which may be one that was there before. Watchers should share a connection.
   */
  watch?(id: string, signal: AbortSignal): AsyncIterable<number>
  /** Closes what the store opened itself, but nothing that it was given. May be called twice. */
  close?(): Promise<void>
  /**
   * Opens a WebSocket for a watcher of the job at `self` and holds it beside the record: for a platform whose objects may hibernate
   * while their sockets stay open. Resolves to the platform's response, which the adapter returns.
   */
  connect?(id: string, self: string): Promise<unknown>
  /** Storage for large bodies, if the store has any. They go with their job: `remove` and a tombstone (`goneAt`) leave none behind. */
  readonly blobs?: BlobStore

  /** The engine that comes with this store, used if `createJobs` is given none. */
  readonly engine?: JobEngine
  /** Called once by `createJobs`; for a store that wakes its jobs one by one (by alarms) in place of `due`. */
  attach?(host: StoreHost): void
}
