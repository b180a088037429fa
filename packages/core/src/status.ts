import type { Answer } from './answer'
import type { Context } from './context'
import { getEvents } from './events'
import type { Job } from './job'
import { isTerminal } from './lifecycle'
import { retryAfter } from './pacing'
import { applied, parsePrefer } from './prefer'
import { present } from './present'
import { problem } from './problems'
import type { JobRequest } from './request'
import { resultAnswer, sunset } from './result'
import { resourceLocation } from './status-document'
import { waitForChange } from './waiting'

/** Weak: the advice in a pending document changes while the job does not. */
const etagOf = (job: Job) => `W/"${job.revision}"`

/** GET status: the job as it is, or as it is once it has changed from what the client knows (`Prefer: wait`). */
export function getStatus(context: Context, job: Job, self: string, request: JobRequest): Promise<Answer> | Answer {
  if (wantsEvents(request)) return getEvents(context, job, self, request)
  const { wait } = parsePrefer(request.headers.get('prefer'))
  const known = request.headers.get('if-none-match')
  if (wait === undefined || isTerminal(job.status)) return showStatus(context, job, self, known, request)
  return heldStatus(context, job, self, known, request, Math.min(wait, context.options.maxWaitMs / 1000))
}

/** An EventSource asks for nothing else; a client that would take JSON too gets that. */
const wantsEvents = ({ headers }: JobRequest) => /^\s*text\/event-stream\s*(?:;|$)/i.test(headers.get('accept') ?? '')

async function heldStatus(
  context: Context,
  job: Job,
  self: string,
  known: string | null,
  request: JobRequest,
  seconds: number,
): Promise<Answer> {
  const changed = known !== null && !matches(known, job) ? job : await waitForChange(context, job.id, job.revision, seconds * 1000, false)
  if (!changed || changed.goneAt !== undefined) return problem('job-gone')
  return showStatus(context, changed, self, known, request, `wait=${seconds}`)
}

/** If-None-Match by weak comparison (RFC 9110 13.1.2). */
function matches(field: string, job: Job): boolean {
  const tag = `"${job.revision}"`
  return field === `W/${tag}` || field === '*' || field.split(',').some((one) => one.trim().replace(/^W\//, '') === tag)
}

function showStatus(
  context: Context,
  job: Job,
  self: string,
  known: string | null,
  request: JobRequest,
  honoured?: string,
): Promise<Answer> | Answer {
  const over = isTerminal(job.status)
  if (over && context.options.onComplete !== 'document') return elsewhere(context, job, self)
  const etag = etagOf(job)
  const headers: Record<string, string> = {
    'Content-Location': self,
    ETag: etag,
    'Cache-Control': 'private, no-cache',
    Vary: 'Prefer, Accept',
    ...(honoured && applied(honoured)),
  }
  let retryAfterMs: number | undefined
  if (over) Object.assign(headers, sunset(job))
  else {
    retryAfterMs = context.pacing.retryAfterMs(job, context.now())
    headers.Location = self
    headers['Retry-After'] = retryAfter(retryAfterMs)
  }
  if (known !== null && matches(known, job) && (request.method === 'GET' || request.method === 'HEAD'))
    return { status: 304, headers, body: null }
  return present(context, 'status', job, self, { status: over ? 200 : context.options.pendingStatus, headers, retryAfterMs })
}

/** A finished job where `onComplete` is not the document: a redirect to its result, or the result in its place. */
async function elsewhere(context: Context, job: Job, self: string): Promise<Answer> {
  if (context.options.onComplete === 'redirect' && job.status === 'succeeded')
    return { status: 303, headers: { Location: resourceLocation(job, self), 'Cache-Control': 'private, no-cache' }, body: null }
  return resultAnswer(context, job)
}
