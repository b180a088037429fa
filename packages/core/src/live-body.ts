import { joined } from './answer'
import { everyBeat } from './beat'
import { BodyWriter, type ResponseHead } from './bodies'
import type { BlobStore } from './store'

/** Chunks of a body that is read while it grows: small, because the last one is written again whenever there is more in it. */
const LIVE_CHUNK_BYTES = 65_536
/** So much of a chunk may be written again with every beat; of a fuller one, as seldom as it takes to stay at that. */
const AGAIN_BYTES = 16_384
const MAX_PAUSE_BEATS = 4

/** What a body that is being written may ask of the attempt that it belongs to. */
export interface LiveHost {
  /** Puts the head on the job, so that its readers may come. */
  offer(head: ResponseHead, chunkBytes: number): Promise<unknown>
  /** There is more to be read. */
  grown(): void
  failed(error: unknown): void
}

/**
 * The body of a response: in chunks once it is large, as every body, and as it comes once it takes its time.
 *
 * One that ends within the first beat was never live, and has cost nothing but this object.
 */
export class ResponseBody extends BodyWriter {
  /** All of it, where it was live and is small enough to be kept as if it had not been; known at the end. */
  whole: Uint8Array | undefined
  #begun: { readonly head: () => ResponseHead; readonly take: () => readonly Uint8Array[] } | undefined
  #leave = () => {}
  #opening: Promise<void> | undefined
  #beating: Promise<void> | undefined
  #isOffered = false
  /** Bytes that readers can see, and beats since they last saw more. */
  #shown = 0
  #beats = 0

  constructor(
    private readonly host: LiveHost,
    blobs: BlobStore | undefined,
    id: () => string,
    name: string,
    limit: number,
    tooMuch: (limit: number) => Error,
  ) {
    super(blobs ?? new Pieces(), id, name, limit, tooMuch)
    // Without a place for chunks nothing is gained by cutting a body that is only large.
    if (!blobs) this.after = Number.POSITIVE_INFINITY
  }

  begin(head: () => ResponseHead, take: () => readonly Uint8Array[]): void {
    if (this.#begun || this.isClosed) return
    this.#begun = { head, take }
    this.#leave = everyBeat(this)
  }

  beat(): void {
    this.#beats++
    this.#beating ??= this.#beat()
      .catch((error) => this.host.failed(error))
      .finally(() => {
        this.#beating = undefined
      })
  }

  async #beat(): Promise<void> {
    const begun = this.#begun
    if (!begun) return
    this.#opening ??= this.#open(begun.take)
    try {
      await this.#opening
    } catch {
      return this.#leave() // whoever writes next, or ends, is told
    }
    const isTime = this.#beats > Math.min(MAX_PAUSE_BEATS, this.filled / AGAIN_BYTES)
    // The chunk that is being filled, as far as it is.
    if (isTime && this.filled > 0 && this.size !== this.#shown) await this.put(this.index, this.chunk.subarray(0, this.filled))
    if (this.#isOffered) return
    await this.host.offer(begun.head(), this.chunkBytes)
    this.#isOffered = true
  }

  /** What has been gathered goes first. Of a body that is large already nothing is left to be taken. */
  async #open(take: () => readonly Uint8Array[]): Promise<void> {
    if (this.size > 0) return
    this.chunkBytes = LIVE_CHUNK_BYTES
    for (const piece of take()) await super.write(piece)
  }

  override async write(piece: Uint8Array): Promise<void> {
    if (this.#opening) await this.#opening
    return super.write(piece)
  }

  protected override async put(index: number, chunk: Uint8Array): Promise<void> {
    await super.put(index, chunk)
    this.#shown = index * this.chunkBytes + chunk.length
    this.#beats = 0
    this.host.grown()
  }

  override end(): Promise<void> | undefined {
    this.#leave()
    return this.#opening ? this.#endLive() : super.end() // no beat without it
  }

  async #endLive(): Promise<void> {
    await this.#opening
    await this.#beating
    if (this.index === 0) this.whole = this.chunk.slice(0, this.filled)
    else {
      await super.end()
      if (this.blobs instanceof Pieces) this.whole = await joined(this.blobs.chunks)
    }
  }

  override close(): void {
    this.#leave()
    super.close()
  }
}

/** Chunks of one body in this process, for a store that has no place for them: they are read by who is here, and go with the attempt. */
class Pieces implements BlobStore {
  readonly maxBodyBytes = null
  chunks: Uint8Array[] = []
  async write(_id: string, _name: string, index: number, chunk: Uint8Array): Promise<void> {
    this.chunks[index] = chunk
  }
  async read(_id: string, _name: string, index: number): Promise<Uint8Array | null> {
    return this.chunks[index] ?? null
  }
  async remove(): Promise<void> {
    this.chunks = []
  }
}
