import { sizeOf } from './answer'
import type { HeaderFields, StoredResponse } from './job'
import type { Outcome } from './lifecycle'
import type { ResponseBody } from './live-body'
import type { CapturedResponse } from './operation'
import { HOP_BY_HOP } from './stored-request'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * How a captured response is stored: head, and body beside it. A body that is JSON and at most `inlineBytes` goes into the head
 * as its text, because the status document shows it: there it is once, and a poll needs no second read. What went to the `sink` is
 * left there, unless it turned out to be small.
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

/** Fields of a response as they are kept. */
export function keptFields(headers: HeaderFields): HeaderFields {
  const kept: Record<string, string | readonly string[]> = {}
  for (const name in headers) if (!HOP_BY_HOP.has(name) && name !== 'content-length') kept[name] = headers[name] as string
  return kept
}

const isJsonType = (headers: HeaderFields): boolean =>
  /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(String(headers['content-type'] ?? '')) && headers['content-encoding'] === undefined

/** The body's text, where it is JSON and comes out as the very same bytes again. */
function jsonText(body: string | Uint8Array): string | undefined {
  try {
    const text = typeof body === 'string' ? body : utf8.decode(body)
    JSON.parse(text)
    return text
  } catch {
    return undefined // said to be JSON and is not: kept as the bytes it is
  }
}
