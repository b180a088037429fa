import { type Answer, bytesOf } from './answer'
import type { Context } from './context'
import { documentOf, type EventFlow, follow, type Line, type News } from './feed'
import type { Job } from './job'
import { isTerminal } from './lifecycle'
import type { JobRequest } from './request'

/** An open response in the adapter, to which events or a live result are written. */
export interface EventSink {
  /** Sends a piece. `false`: the buffer is full; write no more until {@link EventFlow} `ready` is called. */
  write(piece: Uint8Array): boolean
  /** Ends the response. */
  end(): void
  /** Breaks off the response: the connection is cut, so that the client does not take it for complete. */
  fail(error: Error): void
}

/** A body that is pushed: server-sent events or a live result. Begins when it is opened and ends with the job. */
export interface EventStream {
  open(sink: EventSink): EventFlow
}

/** Pause before a client reconnects, in milliseconds; longer if this process is stopping, so that a new connection reaches another one. */
const RETRY_MS = 2_000
const RETRY_ELSEWHERE_MS = 10_000

const HEADERS = { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store, no-transform', 'X-Accel-Buffering': 'no' }
const retryText = (ms: number) => `retry: ${ms}\n\n`
const RETRY = bytesOf(retryText(RETRY_MS))
const ALIVE = bytesOf(': alive\n\n')

/** Whether a media type is that of events. Of `Accept`: an EventSource accepts nothing else; a client that also accepts JSON gets JSON. */
export const isEventStream = (type: unknown): boolean => /^\s*text\/event-stream\s*(?:;|$)/i.test(String(type))

/**
 * GET events: sends the status document whenever it changes. A client that knows the last one gets 204, which stops a browser from
 * reconnecting. A process that is stopping sends the current one and ends: after an answer other than 200 a browser never reconnects.
 */
export function getEvents(context: Context, job: Job, self: string, request: JobRequest): Answer {
  const known = request.headers.get('last-event-id') ?? ''
  const seen = /^\d{1,15}$/.test(known) ? Number(known) : 0
  const isOver = isTerminal(job.status)
  // Made before the head is sent: a representation may throw, which must be answered with a status.
  const news = seen < job.revision ? eventText(job, documentOf(context, job, self), job.status) : ''
  if (isOver && !news) return { status: 204, headers: { 'Cache-Control': 'no-store' }, body: null }
  const body =
    isOver || context.draining
      ? retryText(isOver ? RETRY_MS : RETRY_ELSEWHERE_MS) + news
      : { open: (sink: EventSink) => follow(context, job, self, seen, eventLine(sink)) }
  return { status: 200, headers: { ...HEADERS }, body }
}

/** One event (HTML Living Standard, 9.2.5). Its id is the revision, so that a client that lost its connection resumes where it was. */
const eventText = (job: Job, document: string, name: string): string =>
  `id: ${job.revision}\nevent: ${name}\ndata: ${document.replaceAll(/\r\n|\n|\r/g, '\ndata: ')}\n\n`

const eventLine = (sink: EventSink): Line => ({
  open: () => sink.write(RETRY),
  tell: (news, name) => sink.write(pieceOf(news, name)),
  alive: () => sink.write(ALIVE),
  close: () => sink.end(),
})

/** The encoded event, made once for all clients that get the same one. */
function pieceOf({ job, text, events }: News, name: string): Uint8Array {
  let piece = events.get(name)
  if (!piece) {
    piece = bytesOf(eventText(job, text, name))
    events.set(name, piece)
  }
  return piece
}
