import { type Answer, bytesOf } from './answer'
import type { Context } from './context'
import { documentOf, type EventFlow, follow, type Line, type News } from './feed'
import type { Job } from './job'
import { isTerminal } from './lifecycle'
import type { JobRequest } from './request'

/** Where an adapter takes events, or another body that comes as it is made: a response that stays open. */
export interface EventSink {
  /** Sends a piece. `false`: there is no room for more until {@link EventFlow} is told that there is. */
  write(piece: Uint8Array): boolean
  /** Nothing follows. */
  end(): void
  /** What was sent is not all, and nothing follows: the client must not take it for whole, so the connection is cut. */
  fail(error: Error): void
}

/** A body that is pushed: server-sent events, a live result. Begins when it is opened, and ends with the job. */
export interface EventStream {
  open(sink: EventSink): EventFlow
}

/** How long a client waits before it connects again, in milliseconds; to a process that stops longer than connections are kept for it. */
const RETRY_MS = 2_000
const RETRY_ELSEWHERE_MS = 10_000

const HEADERS = { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store, no-transform', 'X-Accel-Buffering': 'no' }
const retryText = (ms: number) => `retry: ${ms}\n\n`
const RETRY = bytesOf(retryText(RETRY_MS))
const ALIVE = bytesOf(': alive\n\n')

/**
 * GET events: the status document whenever it changes. 204, at which a browser stops, to a client that knows the last one. A process
 * that stops sends it as it is: an answer other than 200 would be the last that a browser asks for.
 */
export function getEvents(context: Context, job: Job, self: string, request: JobRequest): Answer {
  const known = request.headers.get('last-event-id') ?? ''
  const seen = /^\d{1,15}$/.test(known) ? Number(known) : 0
  const isOver = isTerminal(job.status)
  // Before the head: an application that cannot show the job is an error like others.
  const news = seen < job.revision ? eventText(job, documentOf(context, job, self), job.status) : ''
  if (isOver && !news) return { status: 204, headers: { 'Cache-Control': 'no-store' }, body: null }
  const body =
    isOver || context.draining
      ? retryText(isOver ? RETRY_MS : RETRY_ELSEWHERE_MS) + news
      : { open: (sink: EventSink) => follow(context, job, self, seen, eventLine(sink)) }
  return { status: 200, headers: { ...HEADERS }, body }
}

/** One event (HTML Living Standard, 9.2.5). The id is the revision, so that a client that lost its connection goes on where it was. */
const eventText = (job: Job, document: string, name: string): string =>
  `id: ${job.revision}\nevent: ${name}\ndata: ${document.replaceAll(/\r\n|\n|\r/g, '\ndata: ')}\n\n`

const eventLine = (sink: EventSink): Line => ({
  open: () => sink.write(RETRY),
  tell: (news, name) => sink.write(pieceOf(news, name)),
  alive: () => sink.write(ALIVE),
  close: () => sink.end(),
})

/** The event, made once for all who are told the same. */
function pieceOf({ job, text, events }: News, name: string): Uint8Array {
  let piece = events.get(name)
  if (!piece) {
    piece = bytesOf(eventText(job, text, name))
    events.set(name, piece)
  }
  return piece
}
