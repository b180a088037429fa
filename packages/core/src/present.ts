import { type Answer, JSON_TYPE, setField } from './answer'
import type { Context } from './context'
import type { Job } from './job'
import type { Representation } from './representation'
import { documentText, polledText, statusDocument } from './status-document'

/** Adds the body to a standard answer that shows the job, and applies the representation, if any. Changes `standard.headers`. */
export function present(
  context: Context,
  show: keyof Representation,
  job: Job,
  self: string,
  standard: { status: number; headers: Record<string, string>; retryAfterMs?: number; minimal?: boolean },
): Answer {
  const { status, headers, retryAfterMs, minimal } = standard
  const represent = context.options.representation?.[show]
  const own = represent?.({ ...statusDocument(context, job, self, retryAfterMs), owner: job.owner, meta: job.meta ?? {} })
  const write = show === 'status' ? polledText : documentText
  const body = minimal ? null : own?.body === undefined ? write(context, job, self, retryAfterMs) : textOf(own.body)
  if (body === null) headers['Content-Length'] = '0'
  else headers['Content-Type'] = JSON_TYPE
  if (own) for (const [name, value] of Object.entries(own.headers ?? {})) setField(headers, name, value)
  return { status: own?.status ?? status, headers, body }
}

const textOf = (body: object | string | null) => (typeof body === 'string' ? body : body && JSON.stringify(body))
