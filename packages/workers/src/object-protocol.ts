import type { Body, Job, JobEvent, JobMessage, JobView } from '@respond-async/core'
import type { Place } from '@respond-async/core/store'

/** What an object must know of a record whose head it stores as text. */
export interface JobFacts {
  readonly version: number
  /** Absent in what earlier versions of this package wrote. */
  readonly revision?: number
  readonly dueAt: number | null
  readonly owner: string | null
  /** Name of the object of its idempotency key. */
  readonly key?: string
}

/** A body as it is sent: as bytes, with whether it was text. */
export interface SentBody {
  readonly bytes: Uint8Array
  readonly isText: boolean
}

/** A record as it is sent to its object: the head as JSON, and the bodies (`undefined`: unchanged, `null`: none). */
export interface WrittenJob extends JobFacts {
  readonly head: string
  /** Whether it is a tombstone: its large bodies are removed. */
  readonly isGone?: boolean
  readonly requestBody?: SentBody | null
  readonly responseBody?: SentBody | null
  readonly events: readonly JobEvent[]
  /** Most events of history to keep. */
  readonly maxEvents: number
}

/** A claim: what to change in the record if it has this version. */
export interface ClaimedJob {
  readonly version: number
  readonly changes: Partial<Job>
  readonly events: readonly JobEvent[]
  readonly maxEvents: number
}

export type ReadJob = Pick<WrittenJob, 'head' | 'requestBody' | 'responseBody'>

/** A row of an owner's index: the head and the columns for searches. */
export interface IndexRow {
  readonly id: string
  readonly createdAt: number
  readonly version: number
  readonly status: string
  readonly operation: string
  readonly dueAt: number | null
  readonly head: string
}

export interface IndexQuery {
  readonly statuses?: readonly string[]
  readonly operation?: string
  readonly after?: Place
  readonly limit: number
}

/** The methods of an object: of a job, an idempotency key or an owner's index. */
export interface ObjectStub {
  insertJob(job: WrittenJob): Promise<{ inserted: true } | { inserted: false; head: string | null }>
  readJob(view: JobView): Promise<ReadJob | null>
  /** `key` and `revision` in the answer: those of the version before. */
  replaceJob(job: WrittenJob): Promise<{ replaced: true; key?: string; revision?: number } | { replaced: false; head: string | null }>
  /** Resolves to the record after the claim; `null` if there is none. */
  claimJob(claim: ClaimedJob): Promise<(ReadJob & { readonly claimed: boolean }) | null>
  /** Resolves to the owner and key of the removed job, for its index and key objects. */
  removeJob(version?: number): Promise<Pick<JobFacts, 'owner' | 'key'> | null>
  readEvents(after: number, limit: number): Promise<{ events: JobEvent[]; truncated: boolean }>
  wake(message: JobMessage): Promise<void>
  bar(): Promise<string | null>

  /** Opens a socket: see `SELF_HEADER`. */
  fetch(request: Request): Promise<Response>

  writeChunk(name: string, index: number, chunk: Uint8Array): Promise<void>
  readChunk(name: string, index: number): Promise<Uint8Array | null>
  removeChunks(keep?: string): Promise<void>

  claim(id: string, instead?: string): Promise<string>
  free(id: string): Promise<void>
  holder(): Promise<string | null>

  /** Resolves to whether there was no row of this job. */
  putRow(row: IndexRow): Promise<boolean>
  dropRow(id: string): Promise<void>
  rows(query: IndexQuery): Promise<{ heads: string[]; more: boolean }>
}

/** A `DurableObjectNamespace`, typed or not. */
export interface JobNamespace {
  idFromName(name: string): DurableObjectId
  idFromString?(id: string): DurableObjectId
  get(id: DurableObjectId): object
}

/** The object of a name. The cast is needed because the platform's types do not know that the class is `JobObject`. */
export const objectOf = (namespace: JobNamespace, name: string): ObjectStub => namespace.get(namespace.idFromName(name)) as ObjectStub

export const jobName = (id: string): string => `job:${id}`
export const keyName = (owner: string | null, key: string): string => `key:${JSON.stringify([owner, key])}`
export const indexName = (owner: string | null): string => (owner === null ? 'index' : `index:${owner}`)

/** The job of a head. */
export const jobOf = (head: string): Job => JSON.parse(head)

/** Name of the object of a job's idempotency key. */
export const keyOf = ({ owner, idempotencyKey }: Job): string | undefined =>
  idempotencyKey === undefined ? undefined : keyName(owner, idempotencyKey)

/** What the object of a job must know of it. */
export function factsOf(job: Job): JobFacts {
  const { version, revision, dueAt, owner } = job
  return { version, revision, dueAt, owner, key: keyOf(job) }
}

/** The row of a job in its owner's index. */
export function rowOf({ id, createdAt, version, status, operation, dueAt }: Job, head: string): IndexRow {
  return { id, createdAt, version, status, operation, dueAt, head }
}

const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true })
/** The body that was sent. */
export const received = ({ bytes, isText }: SentBody): Body => (isText ? decoder.decode(bytes) : bytes)
