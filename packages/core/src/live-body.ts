import { joined } from './answer'
import { everyBeat } from './beat'
import { BodyWriter, type Chunks, type ResponseHead } from './bodies'

/** Chunk size of a live body, in bytes: small, because the last chunk is rewritten as it fills. */
const LIVE_CHUNK_BYTES = 65_536
/** Bytes of a chunk that may be rewritten per beat; a fuller chunk is rewritten less often, to stay at that rate. */
const AGAIN_BYTES = 16_384
const MAX_PAUSE_BEATS = 4

/** The attempt that a live body belongs to. */
export interface LiveHost {
  /** Writes the head to the job, so that clients can start to read the body. */
  offer(head: ResponseHead, chunkBytes: number): Promise<unknown>
  /** Notifies readers that there is more to read. */
  grown(): void
  failed(error: unknown): void
}

/**
 * Writes the body of a response: in chunks once it is large, as every body, and live (readable as it is written) once it takes a while.
 *
 * A body that ends before its first beat never becomes live and costs no more than this object.
 */
export class ResponseBody extends BodyWriter {
  /** The whole body at the end, if it was live but is small enough to be stored like any other. */
  whole: Uint8Array | undefined
  #begun: { readonly head: () => ResponseHead; readonly take: () => readonly Uint8Array[] } | undefined
  #leave = () => {}
  #opening: Promise<void> | undefined
  #beating: Promise<void> | undefined
  #isOffered = false
  /** Bytes that readers can see, and beats since that last grew. */
  #shown = 0
  #beats = 0

  constructor(
    private readonly host: LiveHost,
    blobs: Chunks | undefined,
    id: () => string,
    name: string,
    limit: number,
    tooMuch: (limit: number) => Error,
  ) {
    super(blobs ?? new Pieces(), id, name, limit, tooMuch)
    // Without a blob store nothing is gained by splitting a body that is large but not live.
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
      return this.#leave() // the next `write` or `end` throws the error
    }
    const isTime = this.#beats > Math.min(MAX_PAUSE_BEATS, this.filled / AGAIN_BYTES)
    // Writes the chunk that is being filled, as far as it is filled.
    if (isTime && this.filled > 0 && this.size !== this.#shown) await this.put(this.index, this.chunk.subarray(0, this.filled))
    if (this.#isOffered) return
    await this.host.offer(begun.head(), this.chunkBytes)
    this.#isOffered = true
  }

  /** Makes the body live: writes what was gathered so far. If the body is already large, nothing is left to take. */
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
    return this.#opening ? this.#endLive() : super.end()
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

/** Keeps the chunks of one live body in memory, for a store without a blob store: readable in this process until the attempt ends. */
class Pieces implements Chunks {
  readonly maxBodyBytes = null
  readonly chunks: Uint8Array[] = []
  async write(_id: string, _name: string, index: number, chunk: Uint8Array): Promise<void> {
    this.chunks[index] = chunk
  }
  async read(_id: string, _name: string, index: number): Promise<Uint8Array | null> {
    return this.chunks[index] ?? null
  }
}
