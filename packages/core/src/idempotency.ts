import { bytesOf } from './answer'
import { CHUNK_BYTES } from './bodies'
import type { Body } from './job'
import { pathOf } from './request'

/**
 * The key of an `Idempotency-Key` field: a quoted string as the draft wants it, or the bare value that most clients send.
 * 1 to 255 visible ASCII characters. `undefined`: no field. `null`: not a key.
 */
export function parseIdempotencyKey(field: string | null): string | null | undefined {
  if (field === null) return undefined
  const value = field.trim()
  const quoted = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/.exec(value)
  const key = quoted ? (quoted[1] as string).replace(/\\(.)/g, '$1') : value
  return /^[\x21-\x7e]{1,255}$/.test(key) && (quoted !== null || !key.includes('"')) ? key : null
}

/**
 * What two requests with one key are compared by: SHA-256 in hex of method, path and query, media type and body; of a body in chunks,
 * of theirs. The boundary of a form is left out: it is another one whenever the form is built (RFC 2046 5.1.1).
 */
export class Fingerprint {
  readonly #boundary: string
  readonly #digests: Promise<string>[] = []
  /** The end of the last chunk: a boundary may begin in it. */
  #tail = ''

  constructor(private readonly mediaType: string) {
    this.#boundary = /^multipart\/.*\bboundary="?([^";]{1,70})/i.exec(mediaType)?.[1] ?? ''
  }

  /** Takes the next chunk of a body. */
  add(chunk: Uint8Array): void {
    this.#digests.push(sha256(this.#boundary ? bytesOf(this.#unbound(chunk)) : chunk))
  }

  #unbound(chunk: Uint8Array): string {
    const parts = (this.#tail + latin1.decode(chunk)).split(this.#boundary)
    const last = parts.at(-1) as string // of a split there is always one
    const end = Math.max(0, last.length - this.#boundary.length + 1)
    this.#tail = last.slice(end)
    return [...parts.slice(0, -1), last.slice(0, end)].join('\n')
  }

  /** @param body the whole body, where it was not taken in chunks */
  async of(method: string, url: string, body: Body | null): Promise<string> {
    const whole = bytesOf(body ?? '')
    if (this.#boundary) for (let at = 0; at < whole.length; at += CHUNK_BYTES) this.add(whole.subarray(at, at + CHUNK_BYTES))
    const head = bytesOf(`${method} ${pathOf(url)}\n${this.mediaType.replace(this.#boundary, '')}\n`)
    const rest = this.#digests[0] ? bytesOf((await Promise.all(this.#digests)).join() + this.#tail) : whole
    const all = new Uint8Array(head.length + rest.length)
    all.set(head)
    all.set(rest, head.length)
    return sha256(all)
  }
}

/** A character for every byte. */
const latin1 = new TextDecoder('latin1')

async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes as BufferSource) // bytes of a body are in no shared memory
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
