import { type Answer, bytesOf, isEvents, isStream, partOf } from './answer'
import { responseName } from './bodies'
import type { Context } from './context'
import { offsetAfterEvent } from './event-offset'
import type { EventSink } from './events'
import type { EventFlow } from './feed'
import type { Job } from './job'
import { isTerminal } from './lifecycle'
import { blobsOf, LiveFeed } from './live-feed'
import type { JobRequest } from './request'
import { resultAnswer, withRange } from './result'

/** RFC 8673 2.2: what stands for the end that nobody knows yet. */
const VERY_LARGE = Number.MAX_SAFE_INTEGER

/** The bytes of one attempt never change, so its number tells them apart from those of another. */
const tagOf = ({ attempt }: Job) => `"attempt-${attempt}"`

/** GET stream: the response as it is written, from its beginning or from where the client was; once it is whole, as the result. */
export async function getStream(context: Context, job: Job, _self: string, request: JobRequest): Promise<Answer> {
  if (!job.response || isTerminal(job.status)) return getWritten(context, job, request)
  const { status, headers: own } = job.response
  const headers = {
    ...own,
    etag: tagOf(job),
    // A body that was changed on its way could not be gone on with by its bytes.
    'cache-control': 'private, no-store, no-transform',
    'x-accel-buffering': 'no',
    'accept-ranges': 'bytes',
  }
  const body = (from: number, until: number) => ({ open: (sink: EventSink) => join(context, job, sink, from, until) })
  const range = status === 200 ? rangeOf(request, headers.etag) : undefined
  if (range) {
    const [from, to] = range
    return { status: 206, headers: { ...headers, 'Content-Range': `bytes ${from}-${to}/*` }, body: body(from, to + 1) }
  }
  const known = lastEventId(job, request)
  const from = known === undefined ? 0 : await offsetAfterEvent(chunksSoFar(context, job), known)
  return { status, headers, body: body(from, Number.POSITIVE_INFINITY) }
}

/** The response of a job that is over, with what a client needs to go on with one that it began to read while it was written. */
async function getWritten(context: Context, job: Job, request: JobRequest): Promise<Answer> {
  const answer = await resultAnswer(context, job)
  const { status, body } = answer
  if (!job.response || body === null || isEvents(body)) return answer
  const headers = { ...answer.headers, etag: tagOf(job) }
  const known = lastEventId(job, request)
  if (known === undefined || request.headers.get('range') !== null) return withRange({ ...answer, headers }, request)
  const { size } = job.response
  const from = await offsetAfterEvent(isStream(body) ? body : [bytesOf(body)], known)
  if (from === size) return { status: 204, headers: { 'Cache-Control': 'no-store' }, body: null } // at which a browser stops
  return { status, headers, body: partOf(body, from, size - 1) }
}

/** First and last byte of what is asked for: from a byte on, to one or for as long as there are any. Everything else is the whole. */
function rangeOf({ method, headers }: JobRequest, etag: string): readonly [from: number, to: number] | undefined {
  const [, from, to] = /^bytes=(\d{1,15})-(\d*)$/i.exec(headers.get('range')?.trim() ?? '') ?? []
  const conditional = headers.get('if-range')
  if (method !== 'GET' || from === undefined || (conditional !== null && conditional !== etag)) return undefined
  const last = to ? Math.min(Number(to), VERY_LARGE) : VERY_LARGE
  return last < Number(from) ? undefined : [Number(from), last]
}

/** The event that a client of an event stream heard last. */
function lastEventId({ response }: Job, { headers }: JobRequest): string | undefined {
  const isEventStream = /^text\/event-stream\s*(?:;|$)/i.test(String(response?.headers['content-type'] ?? ''))
  return (isEventStream && headers.get('last-event-id')) || undefined
}

async function* chunksSoFar(context: Context, job: Job): AsyncGenerator<Uint8Array> {
  const blobs = blobsOf(context, job)
  for (let index = 0; ; index++) {
    const chunk = await blobs?.read(job.id, responseName(job.attempt), index)
    if (!chunk) return
    yield chunk
    if (chunk.length < (job.response?.chunkBytes ?? 0)) return
  }
}

function join(context: Context, job: Job, sink: EventSink, from: number, until: number): EventFlow {
  const known = context.live?.get(job.id)
  const feed = known?.attempt === job.attempt ? known : new LiveFeed(context, job)
  const flow = feed.join({ sink, at: from, until, isFull: false, isReading: false })
  // Whoever comes to a process that stops, and does not write it, is to come again, elsewhere.
  if (context.draining && !context.running.get(job.id)) {
    flow.close()
    sink.fail(new Error('The response broke off.'))
  }
  return flow
}
