import { type Answer, sizeOf } from '@respond-async/core'
import type { Response } from 'express'

/** Writes an answer at once: one head, one end. Fields that earlier middleware adds to, and not sets, keep what is in them. */
export function writeAnswer(res: Response, { status, headers, body }: Answer): void {
  if (res.headersSent) return // somebody else did, a time limit for example
  const fields: Record<string, string | readonly string[]> = { ...headers }
  const vary = res.getHeader('vary')
  if (vary !== undefined) merge(fields, fields.Vary === undefined ? 'vary' : 'Vary', String(vary))
  const cookies = res.getHeader('set-cookie')
  if (cookies !== undefined && fields['set-cookie'] !== undefined) fields['set-cookie'] = [cookies, fields['set-cookie']].flat().map(String)
  if (body !== null) fields['Content-Length'] = `${sizeOf(body)}`
  else if (status !== 204 && status !== 304) fields['Content-Length'] ??= '0'
  res.writeHead(status, fields as Record<string, string | string[]>) // Node only reads them
  res.end(body ?? undefined)
}

/** Puts the names that earlier middleware had in `Vary` before those of the answer. */
function merge(fields: Record<string, string | readonly string[]>, name: string, earlier: string): void {
  const own = fields[name]
  if (own === undefined) return
  fields[name] = [...new Set(`${earlier}, ${String(own)}`.split(/\s*,\s*/))].join(', ')
}
