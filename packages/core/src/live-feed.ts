import { bytesOf, isStream } from './answer'
import { responseName } from './bodies'
import { type Context, reporter } from './context'
import { JobsError } from './errors'
import type { EventSink } from './events'
import type { EventFlow } from './feed'
import type { Job } from './job'
import { isTerminal } from './lifecycle'
import { storedBody } from './result'
import type { BlobStore } from './store'

/** How often is looked for more where another process writes it, in milliseconds, and how many times until the job is looked at, too. */
const LOOK_MS = 250
const LOOKS_AT_JOB = 2
const LOOKS_AT_JOB_IF_WATCHED = 20
/** Chunks kept for readers who come to the same place. */
const KEPT_CHUNKS = 4

interface Reader {
  readonly sink: EventSink
  /** The byte that comes next, and the one that is not wanted any more. */
  at: number
  readonly until: number
  isFull: boolean
  isReading: boolean
}

/**
 * One response that is still being written, for all who read it here. Each reader has a place of its own and no queue: what it takes is
 * read when it can take it, once for all who are at the same place.
 */
export class LiveFeed {
  readonly attempt: number
  readonly #blobs: BlobStore | undefined
  readonly #readers = new Set<Reader>()
  readonly #stop: () => void
  readonly #chunkBytes: number
  /** Chunks as they were read since there was last anything new. */
  #chunks = new Map<number, Promise<Uint8Array | null>>()
  #news = 0
  #looks = 0
  /** Its size, once the job is over. */
  #size: number | undefined
  /** The job then, where the body is kept as a whole; and that, once somebody lacks some of it. */
  #kept: Job | undefined
  #whole: Promise<Uint8Array> | undefined

  constructor(
    private readonly context: Context,
    private readonly job: Job,
    private readonly over: () => void,
  ) {
    const { complete, watched } = context.changes
    this.attempt = job.attempt
    this.#chunkBytes = job.response?.chunkBytes ?? 0
    this.#blobs = blobsOf(context, job)
    const off = context.changes.on(job.id, (changed) => (changed ? this.#take(changed) : this.#look()))
    const every = watched ? LOOKS_AT_JOB_IF_WATCHED : LOOKS_AT_JOB
    const timer = complete
      ? undefined
      : setInterval(() => {
          if (++this.#looks % every === 0) this.#look()
          this.wake()
        }, LOOK_MS)
    Object(timer).unref?.()
    this.#stop = () => {
      off()
      clearInterval(timer)
    }
    this.#look() // for what has changed since the job was read
  }

  join(sink: EventSink, at: number, until: number): EventFlow {
    const reader: Reader = { sink, at, until, isFull: false, isReading: false }
    this.#readers.add(reader)
    void this.#send(reader)
    return {
      ready: () => {
        reader.isFull = false
        void this.#send(reader)
      },
      close: () => void this.#leave(reader),
    }
  }

  /** There may be more. */
  wake(): void {
    this.#news++
    this.#chunks.clear()
    for (const reader of this.#readers) void this.#send(reader)
  }

  /** What was sent is all there will be, and not the whole. */
  breakOff(): void {
    for (const reader of this.#readers) this.#fail(reader)
  }

  #look(): void {
    this.context.store
      .get(this.job.id, 'head')
      .then((found) => (found ? this.#take(found) : this.breakOff()))
      .catch(this.#failed)
  }

  readonly #failed = (error: unknown) => reporter(this.context, 'GET stream', this.job)(error)

  #take(job: Job): void {
    if (job.version < this.job.version) return // heard of late, and known to be past
    if (this.#size !== undefined || (!isTerminal(job.status) && job.attempt === this.attempt && job.response)) return
    if (job.goneAt !== undefined || job.attempt !== this.attempt || !job.response) return this.breakOff()
    this.#size = job.response.size
    if (job.response.chunkBytes === undefined) this.#kept = job
    this.#stop()
    this.over()
    this.wake()
  }

  async #load(job: Job): Promise<Uint8Array> {
    const body = await storedBody(this.context, job)
    if (body === undefined || (body !== null && isStream(body)))
      throw new JobsError('store_unavailable', 'The result is not there any more.')
    return body === null ? new Uint8Array(0) : bytesOf(body)
  }

  /** Sends what a reader does not have yet, as long as it takes it. */
  async #send(reader: Reader): Promise<void> {
    if (reader.isReading) return
    reader.isReading = true
    try {
      while (!reader.isFull && this.#readers.has(reader)) {
        const size = this.#size
        if (reader.at === Math.min(size ?? reader.until, reader.until)) return this.#end(reader)
        const news = this.#news
        const piece = size !== undefined && reader.at > size ? undefined : await this.#piece(reader)
        if (!this.#readers.has(reader)) return
        if (piece) {
          reader.at += piece.length // first: a sink may say that it is ready while it is written to
          reader.isFull = !reader.sink.write(piece)
        } else if (news === this.#news) {
          if (size !== undefined) this.#fail(reader)
          return
        }
      }
    } catch (error) {
      this.#failed(error)
      this.#fail(reader)
    } finally {
      reader.isReading = false
    }
  }

  /** The bytes from a reader's place to the end of a chunk; `undefined` where there are none yet. */
  async #piece({ at, until }: Reader): Promise<Uint8Array | undefined> {
    const bytes = this.#chunkBytes
    const index = Math.floor(at / bytes)
    const start = index * bytes
    if (this.#kept) this.#whole ??= this.#load(this.#kept)
    const chunk = this.#whole ? (await this.#whole).subarray(start, start + bytes) : await this.#chunk(index)
    return chunk && chunk.length > at - start ? chunk.subarray(at - start, Math.min(chunk.length, until - start)) : undefined
  }

  #chunk(index: number): Promise<Uint8Array | null> {
    let chunk = this.#chunks.get(index)
    if (!chunk) {
      chunk = this.#blobs?.read(this.job.id, responseName(this.attempt), index) ?? Promise.resolve(null)
      this.#chunks.set(index, chunk)
      for (const [first] of this.#chunks) if (this.#chunks.size > KEPT_CHUNKS) this.#chunks.delete(first)
    }
    return chunk
  }

  #end(reader: Reader): void {
    if (this.#leave(reader)) reader.sink.end()
  }

  #fail(reader: Reader): void {
    if (this.#leave(reader)) reader.sink.fail(new Error('The response broke off.'))
  }

  #leave(reader: Reader): boolean {
    if (!this.#readers.delete(reader)) return false
    if (this.#readers.size === 0) {
      this.#stop()
      this.over()
    }
    return true
  }
}

/** Where the pieces of a response are: in the blob store, or with the attempt that writes it here. */
export const blobsOf = (context: Context, { id, attempt }: Job): BlobStore | undefined => {
  const running = context.running.get(id)
  return context.blobs ?? (running?.attempt === attempt ? running.body?.blobs : undefined)
}
