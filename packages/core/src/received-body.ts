import { BodyWriter, REQUEST } from './bodies'
import type { Context } from './context'
import type { Platform } from './engine'
import { JobsError } from './errors'
import type { Fingerprint } from './idempotency'
import type { Body } from './job'
import type { Submission } from './request'
import { newId } from './submit'

/** The body of a request that is being accepted: gathered, or in the blob store already, under the id that the job will have. */
export class ReceivedBody {
  /** What was gathered; `null`: nothing, nothing that is wanted, or it is in chunks. */
  body: Body | null = null
  /** The id that the chunks are stored under. */
  id: string | undefined
  /** Largest body taken, in bytes. */
  readonly limit: number
  readonly #writer: BodyWriter | undefined
  #isKept = false

  constructor(
    private readonly context: Context,
    limit: number,
    fingerprint: Fingerprint | undefined,
  ) {
    const { blobs } = context
    const id = () => {
      this.id ??= newId(context)
      return this.id
    }
    this.#writer = blobs && new BodyWriter(blobs, id, REQUEST, limit, bodyTooLarge, fingerprint)
    this.limit = this.#writer?.limit ?? limit
  }

  /** A promise only where it has to be waited for. */
  read(submission: Submission, isWanted: boolean): Promise<void> | undefined {
    const body = submission.readBody(this.limit, isWanted, this.#writer)
    if (body instanceof Promise) return this.#finish(body)
    this.body = body
    return undefined
  }

  async #finish(body: Promise<Body | null>): Promise<void> {
    this.body = await body
    if (this.#writer?.size) await this.#writer.end()
  }

  /** What a stored request says of a body in chunks. */
  get chunks(): { readonly size: number; readonly chunkBytes: number } | undefined {
    if (!this.#writer?.size) return undefined
    const { size, chunkBytes } = this.#writer
    return { size, chunkBytes }
  }

  /** The job is stored: its body stays with it. */
  keep(): void {
    this.#isKept = true
  }

  /** Removes what has been stored for a job that did not come to be. Nobody waits for that, but a platform that ends with its request. */
  release(platform: Platform | undefined): void {
    const { blobs, onError } = this.context
    const { id } = this
    if (this.#isKept || id === undefined || !blobs) return
    const removed = blobs.remove(id).catch((error) => onError(error, { during: 'tidy', id }))
    platform?.waitUntil?.(removed)
  }
}

/** What an adapter throws when a request body passes its limit. */
export const bodyTooLarge = (limit: number): JobsError => new JobsError('body_too_large', `The request body is larger than ${limit} bytes.`)
