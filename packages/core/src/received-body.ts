import { BodyWriter, REQUEST } from './bodies'
import type { Context } from './context'
import type { Platform } from './engine'
import { JobsError } from './errors'
import type { Fingerprint } from './idempotency'
import type { Body } from './job'
import type { Submission } from './request'
import { newId } from './submit'

/** The body of a request that is being accepted: in memory, or already in the blob store under the id that the job will have. */
export class ReceivedBody {
  /** The body in memory; `null`: there is none, it is not wanted, or it is in chunks. */
  body: Body | null = null
  /** The id that the chunks are stored under. */
  id: string | undefined
  /** Largest body accepted, in bytes. */
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

  /** Reads the body; returns a promise only if it must be waited for. */
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

  /** Members of the stored request for a body in chunks. */
  get chunks(): { readonly size: number; readonly chunkBytes: number } | undefined {
    if (!this.#writer?.size) return undefined
    const { size, chunkBytes } = this.#writer
    return { size, chunkBytes }
  }

  /** Called when the job is stored: its body is kept. */
  keep(): void {
    this.#isKept = true
  }

  /** Removes chunks that were stored for a job that was not made. Not waited for, except by `waitUntil` of the platform. */
  release(platform: Platform | undefined): void {
    const { blobs, onError } = this.context
    const { id } = this
    if (this.#isKept || id === undefined || !blobs) return
    const removed = blobs.remove(id).catch((error) => onError(error, { during: 'tidy', id }))
    platform?.waitUntil?.(removed)
  }
}

/** The error that an adapter throws when a request body exceeds its limit. */
export const bodyTooLarge = (limit: number): JobsError => new JobsError('body_too_large', `The request body is larger than ${limit} bytes.`)
