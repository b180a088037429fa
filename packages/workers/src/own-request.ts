import { type Body, type BodyStream, bytesOf, isStream } from '@respond-async/core'
import { contentInit } from '@respond-async/core/fetch'

const decoder = new TextDecoder()

/**
 * A request whose body is in memory. `json()`, `text()` and `arrayBuffer()` use it directly: reading the stream that the platform makes
 * of a body costs more than everything else about the request. Otherwise it behaves as an incoming request: fetched, it passes redirects
 * on.
 */
export class OwnRequest extends Request {
  readonly #bytes: Uint8Array | null
  #used = false

  constructor(url: string, init: RequestInit, body: Body | BodyStream | null) {
    const whole = body === null || isStream(body) ? null : bytesOf(body)
    super(url, { redirect: 'manual', ...init, ...(whole ? { body: whole } : contentInit(body)) })
    this.#bytes = whole
  }

  override get bodyUsed(): boolean {
    return this.#used || super.bodyUsed
  }

  override clone(): Request {
    if (this.#used) throw new TypeError('The body of this request has been read; clone the request before.')
    return super.clone()
  }

  override async json<T>(): Promise<T> {
    const bytes = this.#take()
    return bytes ? (JSON.parse(decoder.decode(bytes)) as T) : super.json() // of the caller's type, as with the platform's
  }

  override async text(): Promise<string> {
    const bytes = this.#take()
    return bytes ? decoder.decode(bytes) : super.text()
  }

  override async arrayBuffer(): Promise<ArrayBuffer> {
    const bytes = this.#take()
    return bytes ? bytes.slice().buffer : super.arrayBuffer()
  }

  /** Returns the body, once. `null`: there is none, or it was read as a stream, which the platform handles. */
  #take(): Uint8Array<ArrayBuffer> | null {
    if (!this.#bytes || super.bodyUsed) return null
    if (this.#used) throw new TypeError('The body of this request has been read already.')
    this.#used = true
    return this.#bytes as Uint8Array<ArrayBuffer> // bodies are never in shared memory
  }
}
