import type { BodyStream } from './answer'
import { isJobsError, JobsError } from './errors'
import type { Fingerprint } from './idempotency'
import type { HeaderFields } from './job'
import type { BlobStore } from './store'

/** If there is a blob store, larger bodies are stored in chunks of this size, so that neither records nor memory grow large. */
export const CHUNK_BYTES = 262_144
export const NOTHING = new Uint8Array(0)

/** Status and header fields of a response whose body is still being written; fields as in `CapturedResponse`. */
export interface ResponseHead {
  readonly status: number
  readonly headers: HeaderFields
}

/** Takes a body that is too large to gather in memory, piece by piece. */
export interface BodySink {
  /** How many bytes an adapter gathers before it writes these and all that follow to the sink. */
  readonly after: number
  /**
   * Writes the next piece. To be awaited before the next call, for back-pressure.
   * @throws {JobsError} `body_too_large` or `result_too_large` above the route's limit, and what the blob store throws
   */
  write(piece: Uint8Array): Promise<void>
  /**
   * For responses: tells that the head is complete and the body is being written. If the body takes a while, clients can read it as it
   * is written (`links.stream`): `take` is then called once and must return what was gathered so far, and from then on every piece must
   * be written to the sink, however small the body is.
   */
  begin?(head: () => ResponseHead, take: () => readonly Uint8Array[]): void
}

/** What a body that is being written needs of a blob store. */
export type Chunks = Omit<BlobStore, 'remove'>

/** Writes one body of a job in chunks. */
export class BodyWriter implements BodySink {
  after = CHUNK_BYTES
  chunkBytes = CHUNK_BYTES
  /** Largest body, in bytes: the route's limit, or the blob store's if that is lower. */
  readonly limit: number
  /** Bytes written so far; 0: the body was not large. */
  size = 0
  /** The chunk that is being filled. */
  protected index = 0
  protected chunk = NOTHING
  protected filled = 0
  protected isClosed = false

  constructor(
    readonly blobs: Chunks,
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

  /** Refuses further writes: an abandoned handler would write into a body that has been removed. */
  close(): void {
    this.isClosed = true
  }

  /** Writes the last chunk; returns a promise only if there is one. */
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

/** Names of a job's bodies. That of a response has the attempt in it, so that a stale worker cannot write into a newer response. */
export const REQUEST = 'request'
export const responseName = (attempt: number): string => `response-${attempt}`

/**
 * Reads a body that is stored in chunks.
 * @param failed called with an error that breaks off the body: the head has been sent by then, so no status can report it
 */
export function readChunks(
  blobs: BlobStore | undefined,
  id: string,
  name: string,
  { size = 0, chunkBytes = CHUNK_BYTES }: { readonly size?: number; readonly chunkBytes?: number },
  failed: (error: unknown) => void = () => {},
): BodyStream {
  const chunk = async (index: number): Promise<Uint8Array> => {
    try {
      const stored = await blobs?.read(id, name, index)
      if (stored?.length === Math.min(chunkBytes, size - index * chunkBytes)) return stored
      throw new JobsError('store_unavailable', `Chunk ${index} of ${name} of job ${id} is missing.`)
    } catch (error) {
      failed(error)
      throw error
    }
  }
  const part = (first: number, last: number): BodyStream => ({
    size: last - first + 1,
    part: (from, to) => part(first + from, first + to),
    async *[Symbol.asyncIterator]() {
      for (let index = Math.floor(first / chunkBytes); index * chunkBytes <= last; index++) {
        const start = index * chunkBytes
        yield (await chunk(index)).subarray(Math.max(0, first - start), last - start + 1)
      }
    },
  })
  return part(0, size - 1)
}
