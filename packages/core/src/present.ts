import { type Answer, JSON_TYPE, setField } from './answer'
import type { Context } from './context'
import type { Job } from './job'
import type { JobPresentation, Presentation, Representation } from './representation'
import { documentText, polledText, statusDocument } from './status-document'

/** Puts the body and the deviations of a representation on a standard answer that shows the job. Its `headers` become those of the answer. */
export function present(
  context: Context,
  show: keyof Representation,
  job: Job,
  self: string,
  standard: { status: number; headers: Record<string, string>; retryAfterMs?: number; minimal?: boolean },
): Answer {
  const { status, headers, retryAfterMs, minimal } = standard
  const text = () => (show === 'status' ? polledText : documentText)(context, job, self, retryAfterMs)
  const own = context.options.representation?.[show]
  if (own) return merged(status, headers, own(presentationOf(context, job, self, retryAfterMs)), minimal ? null : text)
  if (minimal) {
    headers['Content-Length'] = '0'
    return { status, headers, body: null }
  }
  headers['Content-Type'] = JSON_TYPE
  return { status, headers, body: text() }
}

const presentationOf = (context: Context, job: Job, self: string, retryAfterMs: number | undefined): JobPresentation => ({
  ...statusDocument(context, job, self, retryAfterMs),
  owner: job.owner,
  meta: job.meta ?? {},
})

const bodyOf = ({ body }: Presentation, text: () => string): string | null =>
  body === undefined ? text() : body !== null && typeof body === 'object' ? JSON.stringify(body) : body

/** `text`: the standard body; `null` where none is to be sent, whatever the representation has. */
function merged(status: number, standard: Record<string, string>, own: Presentation, text: (() => string) | null): Answer {
  const body = text && bodyOf(own, text)
  const headers: Record<string, string> = { ...standard, ...(body === null ? { 'Content-Length': '0' } : { 'Content-Type': JSON_TYPE }) }
  for (const [name, value] of Object.entries(own.headers ?? {})) setField(headers, name, value)
  return { status: own.status ?? status, headers, body }
}
