import type { JsonObject, StoredRequest } from './job'
import type { ReceivedBody } from './received-body'
import type { Submission } from './request'

/** Header fields of one connection (RFC 9110 7.6.1), and the length, which follows from the body. */
const NOT_KEPT = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Whether a header field of a request or response is stored and replayed. */
export const isKept = (name: string): boolean => !NOT_KEPT.has(name)

/** Header fields with secrets of the client, stored only if `storeHeaders` names them. */
const SECRET = new Set(['authorization', 'cookie'])

/**
 * The request as it is stored for another process, without hop-by-hop fields, `content-length` and secrets.
 * @param chunks size of the body and of its chunks, if it is stored in chunks
 */
export function toStore(
  submission: Submission,
  storeHeaders: readonly string[],
  carry: JsonObject | undefined,
  chunks: ReceivedBody['chunks'],
): StoredRequest {
  const headers: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(submission.headerFields()))
    if (isKept(name) && (!SECRET.has(name) || storeHeaders.some((one) => one.toLowerCase() === name))) headers[name] = value
  return { method: submission.method, url: submission.url, headers, carry, context: submission.context(), ...chunks }
}
