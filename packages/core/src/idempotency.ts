import { bytesOf } from './answer'
import { CHUNK_BYTES, NOTHING } from './bodies'
import type { Body } from './job'
import { pathOf } from './request'

/**
 * Reads the key of an `Idempotency-Key` field: a quoted string as the draft specifies, or the bare value that most clients send,
 * of 1 to 255 visible ASCII characters. `undefined`: no field. `null`: invalid.
 */
export function parseIdempotencyKey(field: string | null): string | null | undefined {
  if (field === null) return undefined
  const value = field.trim()
  const quoted = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/.exec(value)
  const key = quoted ? (quoted[1] as string).replace(/\\(.)/g, '$1') : value
  return /^[\x21-\x7e]{1,255}$/.test(key) && (quoted || !key.includes('"')) ? key : null
}

/**
 * Fingerprint by which requests with the same key are compared: SHA-256 in hex of method, path and query, media type and body (for a
 * body in chunks, of the hashes of its chunks). The boundary of a multipart form does not count: it differs each time the form is
 * built (RFC 2046 5.1.1).
 */
export class Fingerprint {
  readonly #boundary: string
  readonly #digests: Promise<string>[] = []
  /** The end of the last chunk, in which a boundary may begin. */
  #tail = NOTHING
  /** How many boundaries are still replaced: a hostile form has one at every byte. */
  #left = 10_000

  constructor(private readonly mediaType: string) {
    this.#boundary = /^multipart\/.*\bboundary="?([^";]{1,70})/i.exec(mediaType)?.[1] ?? ''
  }

  /** Adds the next chunk of the body. */
  add(chunk: Uint8Array): void {
    this.#digests.push(sha256(this.#boundary ? this.#blanked(chunk) : chunk))
  }

  /** The bytes that can be hashed by now, with each boundary replaced by zeros. */
  #blanked(chunk: Uint8Array): Uint8Array {
    const bytes = concat(this.#tail, chunk)
    const text = latin1.decode(bytes)
    let from = 0
    for (let at = text.indexOf(this.#boundary); at >= 0 && this.#left-- > 0; at = text.indexOf(this.#boundary, from)) {
      from = at + this.#boundary.length
      bytes.fill(0, at, from)
    }
    const end = Math.max(from, bytes.length - this.#boundary.length + 1)
    this.#tail = bytes.subarray(end)
    return bytes.subarray(0, end)
  }

  /** @param body the whole body, if it was not added in chunks */
  async of(method: string, url: string, body: Body | null): Promise<string> {
    const whole = bytesOf(body ?? '')
    for (let at = 0; this.#boundary && at < whole.length; at += CHUNK_BYTES) {
      this.add(whole.subarray(at, at + CHUNK_BYTES))
      await this.#digests.at(-1) // lets other work run in between
    }
    const head = bytesOf(`${method} ${pathOf(url)}\n${this.mediaType.replace(this.#boundary, '')}\n`)
    const digests = await Promise.all(this.#digests)
    return sha256(concat(head, digests[0] ? concat(bytesOf(digests.join()), this.#tail) : whole))
  }
}

/** One character per byte, so that an index in the text is one in the bytes. */
const latin1 = new TextDecoder('latin1')

function concat(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}

async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes as BufferSource) // bodies are never in shared memory
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
