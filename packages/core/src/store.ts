import type { JobEngine, Platform, Runner } from './engine'
import type { Job, JobEvent, JobStatus } from './job'

/** What a store can do beyond its four required methods, declared so that core and the testkit need not guess. */
export interface StoreCapabilities {
  /** A restart of the process loses nothing. */
  readonly durable: boolean
  /** Other processes see the same jobs. */
  readonly shared: boolean
  readonly due: boolean
  readonly list: boolean
  /** `list` gives the jobs of all owners where none is named. @default false */
  readonly listAll?: boolean
  readonly events: boolean
  readonly watch: boolean
  /** Largest record without its bodies, and largest single body beside it, in bytes; `null`: no limit but memory. */
  readonly maxRecordBytes: number | null
  readonly maxBodyBytes: number | null
  /** Kind of hand-over that `insert` can write with the job, where an engine names the same kind: `'postgres'`. */
  readonly transaction?: string
}

export interface JobQuery {
  /** Whose jobs; `null`: those of nobody. `undefined`: the jobs of all owners, asked only of a store with `listAll`. */
  readonly owner?: string | null
  /** Of a list, jobs in any of its states; a state may be named twice, and an empty list asks for none. */
  readonly status?: JobStatus | readonly JobStatus[]
  readonly operation?: string
  /** 1 to 100. */
  readonly limit: number
  /** What an earlier answer gave as `cursor`, maybe to another process; opaque. An unreadable one throws `JobsError` `invalid_cursor`. */
  readonly cursor?: string
}

export type Inserted = { readonly inserted: boolean; readonly job: Job }
export type Replaced = { readonly replaced: true } | { readonly replaced: false; readonly current: Job | null }
/** `job`: the whole record as it is now, bodies included, whether it was claimed or not. */
export type Claimed = { readonly claimed: boolean; readonly job: Job | null }
export type JobView = 'head' | 'full'

/**
 * Bodies too large for a record, in numbered chunks. A body is known by its job and a name (`request`, `response-1`: the attempt).
 * Comes with a store, or is given to `createJobs` beside one (a file system, R2).
 */
export interface BlobStore {
  /** Largest single body, in bytes; `null`: no limit. */
  readonly maxBodyBytes: number | null
  /** Writes chunk `index` (from 0) of a body, or writes it again. Resolves when it is as durable as the store can make it. */
  write(id: string, name: string, index: number, chunk: Uint8Array): Promise<void>
  /** Chunk `index`; `null` when there is none. */
  read(id: string, name: string, index: number): Promise<Uint8Array | null>
  /** Removes the bodies of a job, all but the one named `keep`. None there is no error. */
  remove(id: string, keep?: string): Promise<void>
}

/** What a store whose records wake up by themselves may ask of core. */
export interface StoreHost {
  readonly run: Runner
  /** Repairs one job if it is overdue, as a sweep would: an alarm of its own is then all the sweeping it needs. */
  repair(id: string, platform?: Platform): Promise<void>
  /** The job as those are told of it who watch it at `self`: for a store that holds their sockets. */
  show(job: Job, self: string): string
}

/**
 * Where jobs live. Knows no state, no rule, no clock: it inserts, reads, compares and sets.
 *
 * A record that does not fit is refused with `JobsError` `too_large`, never cut; one for which there is no room with `store_full`.
 * Anything else that is thrown means the store is unavailable. What a caller later does to an object it passed or got must not
 * change what is stored: keep copies, or freeze what you hand out.
 */
export interface JobStore {
  readonly capabilities: StoreCapabilities

  /**
   * Atomic create-if-absent: unique on `id`, and on (`owner`, `idempotencyKey`) when there is a key.
   * Returns the job that is stored now: the new one, or the one that was there, of which the head is enough.
   *
   * `handOver`, given only to a store that names a kind of `transaction`: what the engine has prepared, to be written in the commit
   * that inserts the job, if it is new. If that fails nothing has been inserted, and `insert` throws.
   */
  insert(job: Job, events?: readonly JobEvent[], handOver?: unknown): Promise<Inserted>

  /** One round trip. `'head'` need not load the bodies, which are then `undefined`: it is what a poll needs. */
  get(id: string, view?: JobView): Promise<Job | null>

  /**
   * Writes `next` if the stored version is `next.version - 1`, with its events in the same commit. A body that is `undefined`
   * in `next` stays as it is stored. A key that is gone from `next` is free again. On a lost race returns the head
   * of what is stored.
   */
  replace(next: Job, events?: readonly JobEvent[]): Promise<Replaced>

  /** Hard delete, with bodies and events; guarded by `version` when given. Whether something was deleted. */
  remove(id: string, version?: number): Promise<boolean>

  /**
   * Writes `changes` over the stored record if its version is `version`, with events, and returns the whole record: the claim of
   * a worker in one round trip where `get` and `replace` need two. Members that are `undefined` in `changes` are cleared; its `version`
   * is the next one.
   */
  claim?(id: string, version: number, changes: Partial<Job>, events?: readonly JobEvent[]): Promise<Claimed>
  /**
   * The head of the job that has this owner's key, `null` where there is none: what `insert` compares with. Asked only where nothing
   * new may be taken, so that a repeat still finds what its first try made; without it such a repeat waits like everybody else.
   */
  holder?(owner: string | null, key: string): Promise<Job | null>
  /**
   * Heads of the jobs whose `dueAt` is at or before `before`, soonest first. A record that cannot be read is left out and takes no place of
   * another, so that the others are repaired; `get` throws for it.
   */
  due?(before: number, limit: number): Promise<Job[]>
  /** Heads of an owner's jobs, or of everybody's, that are no tombstones, newest first (`createdAt`, then `id`, descending). */
  list?(query: JobQuery): Promise<{ jobs: Job[]; cursor?: string }>
  /** History after version `after`, oldest first. `truncated`: older lines than the first returned have been dropped. */
  events?(id: string, after: number, limit: number): Promise<{ events: JobEvent[]; truncated: boolean }>
  /** Versions as they change from now on, by any process; ends with the signal. Many may watch at once, and share what they listen with. */
  watch?(id: string, signal: AbortSignal): AsyncIterable<number>
  /** Ends what the store has opened itself; what it was given stays open. May be called twice. */
  close?(): Promise<void>
  /**
   * Opens a WebSocket for one who watches the job at `self`, and holds it beside the record: for a platform whose objects may sleep
   * while their sockets are open. Resolves to what an adapter of that platform answers with.
   */
  connect?(id: string, self: string): Promise<unknown>
  /** Large bodies, where the store can hold them. Removed with their job: `remove` and a tombstone (`goneAt`) leave none behind. */
  readonly blobs?: BlobStore

  /** The engine that comes with this store, used where `createJobs` is given none. */
  readonly engine?: JobEngine
  /** Called once, by `createJobs`: for a store that is woken job by job (an alarm) where others have `due`. */
  attach?(host: StoreHost): void
}
