import type { ServerResponse } from 'node:http'
import { pipeline, Readable } from 'node:stream'
import { type Answer, type EventStream, isEvents, isStream, sizeOf } from '@respond-async/core'

/** Header fields that are appended to. Core writes `Vary`, a handler `vary`. */
const ADDED_TO = ['Vary', 'vary', 'set-cookie']

/** Writes an answer. Fields of {@link ADDED_TO} that earlier middleware set are kept. */
export function writeAnswer(res: ServerResponse, { status, headers, body }: Answer): void {
  const fields: Record<string, string | readonly string[]> = { ...headers }
  for (const name of ADDED_TO) {
    const own = fields[name]
    const before = own && res.getHeader(name)
    if (!before) continue
    // Each cookie is a field of its own; the names in `Vary` are one list without duplicates.
    fields[name] = name === 'set-cookie' ? ([before, own].flat() as string[]) : [...new Set(`${before}, ${own}`.split(/, */))].join(', ')
  }
  if (body === null) {
    res.removeHeader('content-type') // middleware may set one on every response, but no body has no type
    if (!isBodiless(res, status)) fields['Content-Length'] = '0'
  } else if (!isEvents(body)) fields['Content-Length'] = `${sizeOf(body)}`
  res.writeHead(status, fields as Record<string, string | string[]>) // Node only reads them
  if (isEvents(body)) writeEvents(res, body)
  else if (!isStream(body)) res.end(body)
  // A client that leaves is no error of the application. A body that breaks off must not look complete: the connection is cut.
  else pipeline(Readable.from(body, { objectMode: false }), res, () => {})
}

/** Whether a response never has a body. No `Content-Length: 0` for a HEAD, which may have the length of the GET (RFC 9110 8.6). */
export const isBodiless = ({ req }: ServerResponse, status: number): boolean => status === 204 || status === 304 || req.method === 'HEAD'

/** Writes events as they come. Keep-alives prevent timeouts of the server. */
function writeEvents(res: ServerResponse, events: EventStream): void {
  if (res.closed) return // the client has left already, and 'close' will not be emitted again
  res.flushHeaders() // the first event may take a while
  const flow = events.open({ write: (piece) => res.write(piece), end: () => void res.end(), fail: () => void res.destroy() })
  res.on('drain', flow.ready)
  res.on('close', flow.close)
}
