import { sizeOf } from './answer'
import type { HeaderFields, StoredResponse } from './job'
import type { Outcome } from './lifecycle'
import type { ResponseBody } from './live-body'
import type { CapturedResponse } from './operation'
import { isKept } from './stored-request'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * How a captured response is stored: its head, and its body beside it. A JSON body of at most `inlineBytes` is stored in the head as
 * text: the status document shows it, so a poll needs no second read. A body that went to the `sink` stays there, unless it turned out
 * to be small.
 */
export function outcomeOf(
  { status, headers, body: gathered }: CapturedResponse,
  sink: ResponseBody | undefined,
  inlineBytes: number,
): Outcome & { readonly response: StoredResponse } {
  const kept = keptFields(headers)
  const body = sink?.whole ?? gathered
  if (sink?.size && !sink.whole)
    return { response: { status, headers: kept, size: sink.size, chunkBytes: sink.chunkBytes }, responseBody: null }
  const response = { status, headers: kept, size: body === null ? 0 : sizeOf(body) }
  const inline = status < 400 && response.size <= inlineBytes && body !== null && isJsonType(kept) ? jsonText(body) : undefined
  return inline === undefined ? { response, responseBody: body } : { response, result: inline }
}

/** The header fields of a response that are stored: not those of its connection, which are also those that `Connection` names (RFC 9110 7.6.1). */
export function keptFields(headers: HeaderFields): HeaderFields {
  const kept: Record<string, string | readonly string[]> = {}
  const ofConnection = String(headers.connection)
    .toLowerCase()
    .split(/[\s,]+/)
  for (const name in headers) if (isKept(name) && !ofConnection.includes(name)) kept[name] = headers[name] as string
  return kept
}

const isJsonType = (headers: HeaderFields): boolean =>
  /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(String(headers['content-type'])) && headers['content-encoding'] === undefined

/** The body as text, if it is JSON and encodes to the same bytes again. */
function jsonText(body: string | Uint8Array): string | undefined {
  try {
    const text = typeof body === 'string' ? body : utf8.decode(body)
    JSON.parse(text)
    return text
  } catch {
    return undefined // declared as JSON but is not: stored as bytes
  }
}
