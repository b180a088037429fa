import { type Answer, bytesOf, isEvents, isStream, partOf } from './answer'
import { responseName } from './bodies'
import type { Context } from './context'
import { offsetAfterEvent } from './event-offset'
import { type EventSink, isEventStream } from './events'
import type { EventFlow } from './feed'
import type { Job } from './job'
import { isTerminal } from './lifecycle'
import { blobsOf, LiveFeed } from './live-feed'
import type { JobRequest } from './request'
import { resultAnswer, withRange } from './result'

/** Stands for the end of a body whose size is not known yet (RFC 8673 2.2). */
const VERY_LARGE = Number.MAX_SAFE_INTEGER

/** The ETag of a live response: the bytes of one attempt never change. */
const tagOf = ({ attempt }: Job) => `"attempt-${attempt}"`

/** GET stream: sends the response as it is written, from its beginning or where the client left off; once complete, as the result. */
export async function getStream(context: Context, job: Job, _self: string, request: JobRequest): Promise<Answer> {
  if (!job.response || isTerminal(job.status)) return getWritten(context, job, request)
  const { status, headers: own } = job.response
  const headers = {
    ...own,
    etag: tagOf(job),
    // `no-transform`: a client that resumes counts bytes.
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

/** The response of a finished job, with what a client needs to resume one that it began to read while it was written. */
async function getWritten(context: Context, job: Job, request: JobRequest): Promise<Answer> {
  const answer = await resultAnswer(context, job)
  const { status, body } = answer
  if (!job.response || body === null || isEvents(body)) return answer
  const headers = { ...answer.headers, etag: tagOf(job) }
  const known = lastEventId(job, request)
  if (known === undefined || request.headers.get('range') !== null) return withRange({ ...answer, headers }, request)
  const { size } = job.response
  const from = await offsetAfterEvent(isStream(body) ? body : [bytesOf(body)], known)
  if (from === size) return { status: 204, headers: { 'Cache-Control': 'no-store' }, body: null } // a browser then stops reconnecting
  return { status, headers, body: partOf(body, from, size - 1) }
}

/** First and last byte of a `Range` of the forms `a-b` and `a-`; for all others, `undefined`: the whole body. */
function rangeOf({ method, headers }: JobRequest, etag: string): readonly [from: number, to: number] | undefined {
  const [, from, to] = /^bytes=(\d{1,15})-(\d*)$/i.exec(headers.get('range') ?? '') ?? []
  const conditional = headers.get('if-range')
  if (method !== 'GET' || from === undefined || (conditional !== null && conditional !== etag)) return undefined
  const last = Math.min(Number(to || VERY_LARGE), VERY_LARGE)
  return last < Number(from) ? undefined : [Number(from), last]
}

/** `Last-Event-ID`, if the response is an event stream. */
function lastEventId({ response }: Job, { headers }: JobRequest): string | undefined {
  return (isEventStream(response?.headers['content-type']) && headers.get('last-event-id')) || undefined
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
  const reader = { sink, at: from, until, isFull: false, isReading: false }
  const flow = feed.join(reader)
  // If this process is stopping and does not write the response itself, the client must reconnect to another one.
  if (context.draining && !context.running.get(job.id)) feed.fail(reader)
  return flow
}
