import type { Body, Job, JobEvent, JobMessage, JobView } from '@respond-async/core'
import type { Place } from '@respond-async/core/store'

/** What an object must know of a record that it otherwise keeps as the text it is. */
export interface JobFacts {
  readonly version: number
  readonly dueAt: number | null
  readonly owner: string | null
  /** Name of the object that holds its idempotency key. */
  readonly key?: string
}

/** A body on its way: bytes, and whether they were a text. */
export interface SentBody {
  readonly bytes: Uint8Array
  readonly isText: boolean
}

/** A record on its way to its object: the head as JSON, the bodies beside it (`undefined`: as stored, `null`: none). */
export interface WrittenJob extends JobFacts {
  readonly head: string
  /** Only a tombstone is left: large bodies go, too. */
  readonly isGone?: boolean
  readonly requestBody?: SentBody | null
  readonly responseBody?: SentBody | null
  readonly events: readonly JobEvent[]
  /** Lines of history to keep. */
  readonly maxEvents: number
}

/** What a claim writes over the record, if that is of this version. */
export interface ClaimedJob {
  readonly version: number
  readonly changes: Partial<Job>
  readonly events: readonly JobEvent[]
  readonly maxEvents: number
}

export type ReadJob = Pick<WrittenJob, 'head' | 'requestBody' | 'responseBody'>

/** One line of an owner's index: a head and what is searched by. */
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

/** The object of a job, of an idempotency key or of an owner's index, as it is called from outside. */
export interface ObjectStub {
  insertJob(job: WrittenJob): Promise<{ inserted: true } | { inserted: false; head: string | null }>
  readJob(view: JobView): Promise<ReadJob | null>
  /** `key`: the one that the version before held. */
  replaceJob(job: WrittenJob): Promise<{ replaced: true; key?: string } | { replaced: false; head: string | null }>
  /** The record after it; `null` when there is none. */
  claimJob(claim: ClaimedJob): Promise<(ReadJob & { readonly claimed: boolean }) | null>
  /** What has to be told elsewhere, of the job that was there. */
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

  putRow(row: IndexRow): Promise<void>
  dropRow(id: string): Promise<void>
  rows(query: IndexQuery): Promise<{ heads: string[]; more: boolean }>
}

/** A `DurableObjectNamespace`, typed or not. */
export interface JobNamespace {
  idFromName(name: string): DurableObjectId
  idFromString?(id: string): DurableObjectId
  get(id: DurableObjectId): object
}

/** The RPC types of the platform's stubs cannot see that the class behind every name is `JobObject`: this is where it is said. */
export const objectOf = (namespace: JobNamespace, name: string): ObjectStub => namespace.get(namespace.idFromName(name)) as ObjectStub

export const jobName = (id: string): string => `job:${id}`
export const keyName = (owner: string | null, key: string): string => `key:${JSON.stringify([owner, key])}`
export const indexName = (owner: string | null): string => (owner === null ? 'index' : `index:${owner}`)

/** The job of a head, which this store alone has written. */
export const jobOf = (head: string): Job => JSON.parse(head)

/** The line of a job in its owner's index. */
export function rowOf({ id, createdAt, version, status, operation, dueAt }: Job, head: string): IndexRow {
  return { id, createdAt, version, status, operation, dueAt, head }
}

const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true })
/** A body as it was before it was sent. */
export const received = ({ bytes, isText }: SentBody): Body => (isText ? decoder.decode(bytes) : bytes)
