import { bytesOf, isStream } from './answer'
import { type Chunks, responseName } from './bodies'
import type { Context } from './context'
import { JobsError } from './errors'
import type { EventSink } from './events'
import { Following } from './following'
import type { Job } from './job'
import { isTerminal } from './lifecycle'
import { storedBody } from './result'

/** How often to look for more if another process writes the response, in milliseconds. */
const LOOK_MS = 250
/** Number of cached chunks, for readers at the same place. */
const KEPT_CHUNKS = 4

interface Reader {
  readonly sink: EventSink
  /** Offset of the next byte; `until`: the end, exclusive. */
  at: number
  readonly until: number
  isFull: boolean
  isReading: boolean
}

/**
 * Sends a response that is still being written to all who read it in this process. Each reader has its own offset and no queue: chunks
 * are read when it has room, once for all readers at the same place.
 */
export class LiveFeed extends Following<Reader> {
  readonly attempt: number
  readonly #blobs: Chunks | undefined
  readonly #chunkBytes: number
  /** Chunks that were read since the response last grew. */
  #chunks = new Map<number, Promise<Uint8Array | null>>()
  #news = 0
  /** Size of the whole body, once the job is over. */
  #size: number | undefined
  /** The finished job, if its body is not in chunks; and that body, once a reader needs it. */
  #kept: Job | undefined
  #whole: Promise<Uint8Array> | undefined

  constructor(context: Context, job: Job) {
    super(context, job, context.live, 'GET stream')
    this.attempt = job.attempt
    this.#chunkBytes = job.response?.chunkBytes ?? 0
    this.#blobs = blobsOf(context, job)
    if (!context.changes.complete) this.every(LOOK_MS, () => this.wake())
    this.look() // the job may have changed since it was read
  }

  /** Called when there may be more to read. */
  wake(): void {
    this.#news++
    this.#chunks.clear()
    for (const reader of this.followers) this.send(reader)
  }

  /** Breaks off for all readers. */
  end(): void {
    for (const reader of this.followers) this.fail(reader)
  }

  take(job: Job): void {
    if (this.#size !== undefined || job.version < this.job.version) return // known already, or out of date
    if (job.attempt !== this.attempt || !job.response) return this.end()
    if (!isTerminal(job.status)) return
    this.#size = job.response.size
    if (job.response.chunkBytes === undefined) this.#kept = job
    this.stop()
    this.wake()
  }

  async #load(job: Job): Promise<Uint8Array> {
    const body = await storedBody(this.context, job)
    if (body === undefined || isStream(body)) throw new JobsError('store_unavailable', 'The result is gone.')
    return bytesOf(body ?? '')
  }

  /** Sends a reader all that there is and that it has room for. */
  protected async send(reader: Reader): Promise<void> {
    if (reader.isReading) return
    reader.isReading = true
    try {
      while (!reader.isFull && this.followers.has(reader)) {
        const size = this.#size
        if (reader.at === Math.min(size ?? reader.until, reader.until)) {
          if (this.leave(reader)) reader.sink.end()
          return
        }
        const news = this.#news
        const piece = await this.#piece(reader)
        if (!this.followers.has(reader)) return
        if (piece) {
          reader.at += piece.length // before the write, during which a sink may call `ready`
          reader.isFull = !reader.sink.write(piece)
        } else if (news === this.#news) {
          if (size !== undefined) this.fail(reader)
          return
        }
      }
    } catch (error) {
      this.#chunks.clear() // the error is not for those who read the same later
      this.failed(error)
      this.fail(reader)
    } finally {
      reader.isReading = false
    }
  }

  /** The bytes from a reader's offset to the end of the chunk; `undefined` if there are none yet. */
  async #piece({ at, until }: Reader): Promise<Uint8Array | undefined> {
    const bytes = this.#chunkBytes
    const index = Math.floor(at / bytes)
    const start = index * bytes
    if (this.#kept) this.#whole ??= this.#load(this.#kept)
    const chunk = this.#whole ? (await this.#whole).subarray(start, start + bytes) : await this.#chunk(index)
    return chunk && chunk.length > at - start ? chunk.subarray(at - start, until - start) : undefined
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

  /** Breaks off for a reader, unless its response has ended. */
  fail(reader: Reader): void {
    if (this.leave(reader)) reader.sink.fail(new Error('The response broke off.'))
  }
}

/** Where the chunks of a live response are: in the blob store, or with the attempt in this process. */
export const blobsOf = (context: Context, { id, attempt }: Job): Chunks | undefined => {
  const running = context.running.get(id)
  return context.blobs ?? (running?.attempt === attempt ? running.body?.blobs : undefined)
}
