import type { JsonObject, StoredRequest } from './job'
import type { Submission } from './request'

/** Fields that belong to one connection (RFC 9110 7.6.1), never to what is stored or replayed. */
export const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Fields that are secrets of the client: stored only when a route asks for them. */
const SECRET = new Set(['authorization', 'cookie'])

/** The request as another process needs it. The body is stored as the bytes it had, so its length and coding fields go. */
export function toStore(submission: Submission, storeHeaders: readonly string[], carry?: JsonObject): StoredRequest {
  const headers: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(submission.headerFields())) {
    if (HOP_BY_HOP.has(name) || name === 'content-length' || (SECRET.has(name) && !storeHeaders.some((one) => one.toLowerCase() === name)))
      continue
    headers[name] = value
  }
  return { method: submission.method, url: submission.url, headers, carry, context: submission.context() }
}
