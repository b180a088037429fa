import type { ServerResponse } from 'node:http'
import { pipeline, Readable } from 'node:stream'
import { type Answer, type EventStream, isEvents, isStream, sizeOf } from '@respond-async/core'

/** Writes an answer at once: one head, one end. Fields that earlier middleware adds to, and not sets, keep what is in them. */
export function writeAnswer(res: ServerResponse, { status, headers, body }: Answer): void {
  const fields: Record<string, string | readonly string[]> = { ...headers }
  const vary = res.getHeader('vary')
  const cookies = res.getHeader('set-cookie')
  const name = 'Vary' in fields ? 'Vary' : 'vary'
  const own = fields[name]
  if (vary && own) fields[name] = [...new Set(`${vary}, ${own}`.split(/, */))].join(', ')
  if (cookies && fields['set-cookie']) fields['set-cookie'] = [cookies, fields['set-cookie']].flat() as string[]
  if (body === null) {
    res.removeHeader('content-type') // of middleware that says one of every answer: nothing has none
    if (status !== 204 && status !== 304 && res.req.method !== 'HEAD') fields['Content-Length'] ??= '0'
  } else if (!isEvents(body)) fields['Content-Length'] = `${sizeOf(body)}`
  res.writeHead(status, fields as Record<string, string | string[]>) // Node only reads them
  if (isEvents(body)) writeEvents(res, body)
  else if (!isStream(body)) res.end(body)
  // A client that leaves is no error of the application; a body that breaks off must not look whole, and takes the connection with it.
  else pipeline(Readable.from(body, { objectMode: false }), res, () => {})
}

/** Leaves the response open for what comes. Timeouts of the server do not end it: it shows that it is alive. */
function writeEvents(res: ServerResponse, events: EventStream): void {
  if (res.closed) return // a client that left before the answer: nothing would tell of that again
  res.flushHeaders() // the first piece may be long in coming
  const flow = events.open({ write: (piece) => res.write(piece), end: () => void res.end(), fail: () => void res.destroy() })
  res.on('drain', flow.ready)
  res.on('close', flow.close)
}
