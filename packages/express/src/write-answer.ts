import type { ServerResponse } from 'node:http'
import { pipeline, Readable } from 'node:stream'
import { type Answer, type EventStream, isEvents, isStream, sizeOf } from '@respond-async/core'

/** Writes an answer at once: one head, one end. Fields that earlier middleware adds to, and not sets, keep what is in them. */
export function writeAnswer(res: ServerResponse, { status, headers, body }: Answer): void {
  const fields: Record<string, string | readonly string[]> = { ...headers }
  const vary = res.getHeader('vary')
  const name = 'Vary' in fields ? 'Vary' : 'vary'
  const own = fields[name]
  if (vary && own) fields[name] = [...new Set(`${vary}, ${own}`.split(/\s*,\s*/))].join(', ')
  if (fields['set-cookie']) {
    const cookies = res.getHeader('set-cookie')
    if (cookies) fields['set-cookie'] = [cookies, fields['set-cookie']].flat() as string[]
  }
  if (isEvents(body)) return writeEvents(res, status, fields, body)
  if (body !== null) fields['Content-Length'] = `${sizeOf(body)}`
  else {
    res.removeHeader('content-type') // of middleware that says one of every answer: nothing has none
    if (status !== 204 && status !== 304) fields['Content-Length'] ??= '0'
  }
  res.writeHead(status, fields as Record<string, string | string[]>) // Node only reads them
  if (!isStream(body)) res.end(body ?? undefined)
  // A client that leaves is no error of the application; a body that breaks off must not look whole, and takes the connection with it.
  else pipeline(Readable.from(body, { objectMode: false }), res, () => {})
}

/** Leaves the response open for what comes. Timeouts of the server do not end it: it shows that it is alive. */
function writeEvents(res: ServerResponse, status: number, fields: Record<string, string | readonly string[]>, events: EventStream): void {
  if (res.closed) return // a client that left before the answer: nothing would tell of that again
  res.writeHead(status, fields as Record<string, string | string[]>) // Node only reads them
  res.flushHeaders() // the first piece may be long in coming
  const flow = events.open({ write: (piece) => res.write(piece), end: () => void res.end(), fail: () => void res.destroy() })
  res.on('drain', flow.ready)
  res.on('close', flow.close)
}
