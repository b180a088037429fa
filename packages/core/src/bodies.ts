import type { BodyStream } from './answer'
import { isJobsError, JobsError } from './errors'
import type { Fingerprint } from './idempotency'
import type { HeaderFields } from './job'
import type { BlobStore } from './store'

/** Bodies above this are kept in chunks of this size, where there is a blob store: a record stays small, and so does a process. */
export const CHUNK_BYTES = 262_144
const NOTHING = new Uint8Array(0)

/** Status and fields of a response whose body is still being written; fields as in `CapturedResponse`. */
export interface ResponseHead {
  readonly status: number
  readonly headers: HeaderFields
}

/** Takes a body that is too large to be gathered, piece by piece. */
export interface BodySink {
  /** How many bytes an adapter gathers before it writes them, and all that follow, here. */
  readonly after: number
  /**
   * Takes the next piece. To be awaited before the next call: it is the back-pressure of the blob store.
   * @throws {JobsError} `body_too_large`, `result_too_large` above the route's limit; and what the blob store throws.
   */
  write(piece: Uint8Array): Promise<void>
  /**
   * Tells that a response has its head and is being written. If it is not over soon it is shown as it comes (`links.stream`): then
   * `take` is called, once, and must give what has been gathered so far; from there on every piece is to be written here, however
   * small the body is. For a body of a request there is no such thing.
   */
  begin?(head: () => ResponseHead, take: () => readonly Uint8Array[]): void
}

/** Writes one body of a job in chunks. */
export class BodyWriter implements BodySink {
  after = CHUNK_BYTES
  chunkBytes = CHUNK_BYTES
  /** Most bytes taken: the route's limit, or the blob store's where that is lower. */
  readonly limit: number
  /** Bytes taken so far; 0: the body was not large. */
  size = 0
  /** The chunk that is being filled. */
  protected index = 0
  protected chunk = NOTHING
  protected filled = 0
  protected isClosed = false

  constructor(
    readonly blobs: BlobStore,
    private readonly id: () => string,
    private readonly name: string,
    limit: number,
    private readonly tooMuch: (limit: number) => Error,
    private readonly fingerprint?: Fingerprint,
  ) {
    this.limit = Math.min(limit, blobs.maxBodyBytes ?? limit)
  }

  async write(piece: Uint8Array): Promise<void> {
    if (this.isClosed) throw new Error('The attempt is over.')
    this.size += piece.length
    if (this.size > this.limit) throw this.tooMuch(this.limit)
    for (let at = 0; at < piece.length; ) {
      if (this.filled === 0) this.chunk = new Uint8Array(this.chunkBytes)
      const part = piece.subarray(at, at + this.chunkBytes - this.filled)
      this.chunk.set(part, this.filled)
      this.filled += part.length
      at += part.length
      if (this.filled === this.chunkBytes) await this.#flush()
    }
  }

  /** Takes nothing more: a handler that was not waited for would write into the place of one that is removed. */
  close(): void {
    this.isClosed = true
  }

  /** Writes what is left; a promise only where there is something to be waited for. */
  end(): Promise<void> | undefined {
    return this.filled > 0 && !this.isClosed ? this.#flush() : undefined
  }

  #flush(): Promise<void> {
    const chunk = this.chunk.subarray(0, this.filled)
    this.filled = 0
    this.fingerprint?.add(chunk)
    return this.put(this.index++, chunk)
  }

  protected async put(index: number, chunk: Uint8Array): Promise<void> {
    try {
      await this.blobs.write(this.id(), this.name, index, chunk)
    } catch (cause) {
      throw isJobsError(cause) ? cause : new JobsError('store_unavailable', 'A part of the body could not be stored.', { cause })
    }
  }
}

/** Names of the bodies of a job. A response has its attempt in the name, so that a stale worker cannot write into a newer one's. */
export const REQUEST = 'request'
export const responseName = (attempt: number): string => `response-${attempt}`

/**
 * A body in chunks, as it is read.
 * @param failed hears of what breaks it off, because the head has been sent by then and nobody can be told with a status
 */
export function readChunks(
  blobs: BlobStore | undefined,
  id: string,
  name: string,
  { size = 0, chunkBytes = CHUNK_BYTES }: { readonly size?: number; readonly chunkBytes?: number },
  failed: (error: unknown) => void = () => {},
): BodyStream {
  const chunk = async (index: number): Promise<Uint8Array> => {
    const stored = await blobs?.read(id, name, index)
    if (stored?.length === Math.min(chunkBytes, size - index * chunkBytes)) return stored
    throw new JobsError('store_unavailable', `Chunk ${index} of ${name} of job ${id} is not there.`)
  }
  const part = (first: number, last: number): BodyStream => ({
    size: last - first + 1,
    part: (from, to) => part(first + from, first + to),
    async *[Symbol.asyncIterator]() {
      try {
        for (let index = Math.floor(first / chunkBytes); index * chunkBytes <= last; index++) {
          const start = index * chunkBytes
          yield (await chunk(index)).subarray(Math.max(0, first - start), last - start + 1)
        }
      } catch (error) {
        failed(error)
        throw error
      }
    },
  })
  return part(0, size - 1)
}
