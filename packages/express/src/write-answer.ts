import type { ServerResponse } from 'node:http'
import { pipeline, Readable } from 'node:stream'
import { type Answer, type EventStream, isEvents, isStream, sizeOf } from '@respond-async/core'

/** Fields that are added to, and not set. Core writes `Vary`, a handler `vary`. */
const ADDED_TO = ['Vary', 'vary', 'set-cookie']

/** Writes an answer at once: one head, one end. What earlier middleware has put into the fields of {@link ADDED_TO} stays there. */
export function writeAnswer(res: ServerResponse, { status, headers, body }: Answer): void {
  const fields: Record<string, string | readonly string[]> = { ...headers }
  for (const name of ADDED_TO) {
    const own = fields[name]
    const before = own && res.getHeader(name)
    if (!before) continue
    // Cookies are a line each; the names in `Vary` are one list, each of them once.
    fields[name] = name === 'set-cookie' ? ([before, own].flat() as string[]) : [...new Set(`${before}, ${own}`.split(/, */))].join(', ')
  }
  if (body === null) {
    res.removeHeader('content-type') // of middleware that says one of every answer: nothing has none
    if (!isBodiless(res, status)) fields['Content-Length'] ??= '0'
  } else if (!isEvents(body)) fields['Content-Length'] = `${sizeOf(body)}`
  res.writeHead(status, fields as Record<string, string | string[]>) // Node only reads them
  if (isEvents(body)) writeEvents(res, body)
  else if (!isStream(body)) res.end(body)
  // A client that leaves is no error of the application; a body that breaks off must not look whole, and takes the connection with it.
  else pipeline(Readable.from(body, { objectMode: false }), res, () => {})
}

/** Whether a response never has a body. A HEAD may say the length that GET would have, so nobody else says one for it (RFC 9110 8.6). */
export const isBodiless = ({ req, statusCode }: ServerResponse, status = statusCode): boolean =>
  status === 204 || status === 304 || req.method === 'HEAD'

/** Leaves the response open for what comes. Timeouts of the server do not end it: it shows that it is alive. */
function writeEvents(res: ServerResponse, events: EventStream): void {
  if (res.closed) return // a client that left before the answer: nothing would tell of that again
  res.flushHeaders() // the first piece may be long in coming
  const flow = events.open({ write: (piece) => res.write(piece), end: () => void res.end(), fail: () => void res.destroy() })
  res.on('drain', flow.ready)
  res.on('close', flow.close)
}
