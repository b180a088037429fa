import type { Seen } from './check'
import type { Done, Work } from './task'

/** Longer than the processes let their store take: whoever asks is answered. */
const TIMEOUT_MS = 20_000

interface StatusDocument {
  readonly id: string
  readonly status: string
  readonly attempt?: number
  readonly percentComplete?: number
  readonly error?: { readonly code: string }
  readonly result?: Done
}

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly body: Partial<StatusDocument> & { readonly code?: string; readonly jobs?: readonly StatusDocument[]; readonly next?: string }
}

/** One request to one process. Rejects where there is no connection, or it breaks. */
export async function call(port: number, path: string, init: RequestInit = {}): Promise<Reply> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { ...init, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) })
  const text = await answer.text()
  return { status: answer.status, headers: answer.headers, body: text === '' ? {} : JSON.parse(text) }
}

export function submit(port: number, work: Work, headers: Record<string, string> = { 'idempotency-key': work.key }): Promise<Reply> {
  const fields = { 'content-type': 'application/json', ...headers }
  return call(port, '/work', { method: 'POST', headers: fields, body: JSON.stringify(work) })
}

/** A poll as the checker wants it. `null`: no answer that says anything about the job. */
export async function look(port: number, id: string, headers?: Record<string, string>): Promise<Seen | null> {
  const { status, headers: fields, body } = await call(port, `/jobs/${id}`, { headers })
  if (status === 503) return null
  if (status === 404 || status === 410) return { id, status: 'missing', attempt: 0, revision: 0 }
  if (!body.status) throw new Error(`A poll was answered ${status}: ${JSON.stringify(body)}`)
  const revision = Number(/^W\/"(\d+)"$/.exec(fields.get('etag') ?? '')?.[1])
  return { id, status: body.status, attempt: body.attempt ?? 1, revision, percent: body.percentComplete, result: body.result }
}
