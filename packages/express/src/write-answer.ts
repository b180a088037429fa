import { type Answer, sizeOf } from '@respond-async/core'
import type { Response } from 'express'

/** Writes an answer at once: one head, one end. Fields that earlier middleware adds to, and not sets, keep what is in them. */
export function writeAnswer(res: Response, { status, headers, body }: Answer): void {
  if (res.headersSent) return // somebody else did, a time limit for example
  const vary = res.getHeader('vary')
  const cookies = res.getHeader('set-cookie')
  let fields = headers
  if (vary !== undefined) fields = joined(fields, headers.Vary === undefined ? 'vary' : 'Vary', String(vary))
  if (cookies !== undefined && headers['set-cookie'] !== undefined)
    fields = { ...fields, 'set-cookie': [cookies, headers['set-cookie']].flat().map(String) }
  if (body !== null) res.setHeader('Content-Length', sizeOf(body))
  else if (status !== 204 && status !== 304 && headers['Content-Length'] === undefined) res.setHeader('Content-Length', 0)
  res.writeHead(status, fields as Record<string, string | string[]>) // Node only reads them
  res.end(body ?? undefined)
}

function joined(headers: Answer['headers'], name: string, earlier: string): Answer['headers'] {
  const own = headers[name]
  if (own === undefined) return headers
  const names = new Set(`${earlier}, ${String(own)}`.split(',').map((one) => one.trim()))
  return { ...headers, [name]: [...names].join(', ') }
}
