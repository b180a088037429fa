/** Follows a job to its end by its status URL alone, and moves the bar by what that says. */
import { setTimeout as pause } from 'node:timers/promises'
import { DemoError } from './demo-error.ts'
import { type Exchange, exchange, showRequest, showResponse, statusOf } from './exchange.ts'
import { bar, clearBar, line, seconds, style } from './screen.ts'
import { type JobDocument, readDocument } from './status.ts'
import type { Accepted } from './submission.ts'

/** This many polls wait for Retry-After first; the server holds those after them until something has changed. */
const PACED_POLLS = 1
/** Progress changes more often than anybody wants to read, so this pause comes before each held poll. */
const BETWEEN_MS = 80

export interface Followed {
  readonly polls: number
  readonly tookMs: number
  /** Where the result is. */
  readonly result: string
}

export async function follow(base: string, { location, retryAfterMs, job }: Accepted, signal: AbortSignal): Promise<Followed> {
  const started = performance.now()
  let known = job
  let etag = ''
  bar(0, 'accepted')
  for (let polls = 1; ; polls++) {
    const held = polls > PACED_POLLS
    if (polls === 1) showRequest('GET', location, 'after the pause in Retry-After')
    if (polls === PACED_POLLS + 1) showRequest('GET', location, `Prefer: wait=10, If-None-Match: ${etag}, and so on`)
    await pause(held ? BETWEEN_MS : retryAfterMs, undefined, { signal })
    const headers: HeadersInit = held ? { prefer: 'wait=10', 'if-none-match': etag } : {}
    const poll = await exchange(base, location, { headers, signal })
    const { response } = poll
    if (response.status === 304) continue
    if (response.status !== 202 && response.status !== 200) throw new DemoError(`The status URL answered ${statusOf(response)}.`)
    const before = known.percentComplete ?? 0
    known = readDocument(poll)
    etag = response.headers.get('etag') ?? ''
    retryAfterMs = 1000 * Number(response.headers.get('retry-after') ?? 1)
    if ((known.percentComplete ?? 0) < before) throw new DemoError(`Progress fell from ${before} to ${known.percentComplete} %.`)
    if (response.status === 200) return finish(poll, known, polls, performance.now() - started)
    showPoll(poll, known, held, performance.now() - started)
  }
}

function showPoll({ response, tookMs }: Exchange, job: JobDocument, held: boolean, atMs: number): void {
  const { status, percentComplete = 0, message = '' } = job
  const pace = `Retry-After: ${response.headers.get('retry-after')}${held ? `  held ${Math.round(tookMs)} ms` : ''}`
  const percent = `${Math.floor(percentComplete)} %`.padStart(5)
  line(`  ${seconds(atMs).padStart(7)}  ${response.status}  ${pace}  ${status} ${percent}  ${style.quiet(message)}`)
  bar(percentComplete, message)
}

function finish(poll: Exchange, job: JobDocument, polls: number, tookMs: number): Followed {
  const { status, resourceLocation, error } = job
  clearBar()
  line()
  if (status !== 'succeeded' || !resourceLocation) {
    showResponse(poll, ['ETag'], { status, error })
    throw new DemoError(error ? `The job ${status} (${error.code}): ${error.message}` : `The job ended as ${status}.`)
  }
  showResponse(poll, ['ETag', 'Sunset'], { status, resourceLocation })
  return { polls, tookMs, result: resourceLocation }
}
