import type { StatusPage } from '@respond-async/core/page'
import type { Answer } from './answer'
import type { Context } from './context'
import { getEvents, isEventStream } from './events'
import type { Job } from './job'
import { isTerminal } from './lifecycle'
import { prefersHtml } from './negotiation'
import { retryAfter } from './pacing'
import { applied, parsePrefer } from './prefer'
import { present } from './present'
import { problem } from './problems'
import { type JobRequest, pathOf } from './request'
import { resultAnswer, sunset } from './result'
import { resourceLocation, statusDocument } from './status-document'
import { waitForChange, waitMsOf } from './waiting'

/** The ETag: the job's revision, and for a page also its version. */
const tagOf = (job: Job, page: StatusPage | undefined) => (page ? `"${job.revision}-${page.version}"` : `"${job.revision}"`)

/** GET status: shows the job as it is or, with `Prefer: wait`, once it has changed from what the client knows. */
export function getStatus(context: Context, job: Job, self: string, request: JobRequest): Promise<Answer> | Answer {
  const accept = request.headers.get('accept')
  if (isEventStream(accept)) return getEvents(context, job, self, request)
  if (context.options.page && prefersHtml(accept)) return getPage(context, job, self, request)
  const { wait } = parsePrefer(request.headers.get('prefer'))
  if (wait === undefined || isTerminal(job.status)) return showStatus(context, job, self, request)
  return heldStatus(context, job, self, request, waitMsOf(context, wait))
}

/** GET status from a browser. The page's code is loaded when the first one asks for it. */
async function getPage(context: Context, job: Job, self: string, request: JobRequest): Promise<Answer> {
  const { statusPage } = await import('@respond-async/core/page')
  return showStatus(context, job, self, request, undefined, await statusPage())
}

async function heldStatus(context: Context, job: Job, self: string, request: JobRequest, waitMs: number): Promise<Answer> {
  const isOld = isKnown(request, tagOf(job, undefined)) === false
  const changed = isOld ? job : await waitForChange(context, job, waitMs, false, request)
  if (!changed || changed.goneAt !== undefined) return problem('job-gone')
  return showStatus(context, changed, self, request, `wait=${Math.ceil(waitMs / 1000)}`)
}

/** Whether `If-None-Match` names the current version, compared weakly (RFC 9110 13.1.2); `undefined` without such a field. */
function isKnown({ headers }: JobRequest, tag: string): boolean | undefined {
  const field = headers.get('if-none-match')
  if (field === null) return undefined
  return field === `W/${tag}` || field === '*' || field.split(',').some((one) => one.trim().replace(/^W\//, '') === tag)
}

function showStatus(
  context: Context,
  job: Job,
  self: string,
  request: JobRequest,
  honoured?: string,
  page?: StatusPage,
): Promise<Answer> | Answer {
  const over = isTerminal(job.status)
  const isElsewhere = context.options.onComplete !== 'document'
  // A browser gets the page if there is no response to show: a problem document is for programs.
  if (over && isElsewhere && (job.response || !page)) return elsewhere(context, job, self)
  const tag = tagOf(job, page)
  const headers: Record<string, string> = {
    'Content-Location': self,
    ETag: `W/${tag}`, // weak: `retryAfterMs` changes while the job does not
    'Cache-Control': 'private, no-cache',
    Vary: 'Prefer, Accept',
    ...page?.headers,
    ...(honoured && applied(honoured)),
  }
  let retryAfterMs: number | undefined
  if (over) Object.assign(headers, sunset(job))
  else {
    retryAfterMs = context.pacing.retryAfterMs(job)
    headers.Location = self
    headers['Retry-After'] = retryAfter(retryAfterMs)
  }
  if (isKnown(request, tag)) return { status: 304, headers, body: null }
  const status = over ? 200 : context.options.pendingStatus
  if (!page) return present(context, 'status', job, self, { status, headers, retryAfterMs })
  // Paths, without `baseUrl`: the page may only request from the server that it came from.
  const document = statusDocument(context, job, pathOf(self), retryAfterMs)
  return {
    status: over && isElsewhere ? problemStatus(job) : status,
    headers,
    body: page.render(document, isElsewhere ? 'elsewhere' : 'document'),
  }
}

const problemStatus = (job: Job): number => (job.status === 'canceled' ? 409 : (job.error?.status ?? 200))

/** Answers for a finished job if `onComplete` is not `'document'`: redirects to its result, or shows that. */
async function elsewhere(context: Context, job: Job, self: string): Promise<Answer> {
  if (context.options.onComplete === 'redirect' && job.status === 'succeeded')
    return { status: 303, headers: { Location: resourceLocation(job, self), 'Cache-Control': 'private, no-cache' }, body: null }
  return resultAnswer(context, job)
}
