import { bytesOf } from './answer'
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
 * SHA-256 in hex of what makes two requests the same: method, path and query, media type, body (of one in chunks, the digests of
 * the chunks).
 */
export async function fingerprintOf(method: string, url: string, mediaType: string | null, body: Body | null): Promise<string> {
  const head = bytesOf(`${method} ${pathOf(url)}\n${mediaType ?? ''}\n`)
  const rest = bytesOf(body ?? '')
  const all = new Uint8Array(head.length + rest.length)
  all.set(head)
  all.set(rest, head.length)
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', all))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
