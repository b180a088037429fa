import type { Answer } from './answer'
import type { Context } from './context'
import { documentOf, type EventFlow, follow } from './feed'
import type { Job } from './job'
import { busy, problem } from './problems'
import type { JobRequest } from './request'

/** An open WebSocket in the adapter, to which messages are written. */
export interface MessageSink {
  /** Sends a text message. `false`: the buffer is full; send no more until {@link EventFlow} `ready` is called. */
  send(text: string): boolean
  /** Sends a ping (RFC 6455 5.5.2), if the platform does not do so itself. */
  ping?(): void
  /** Closes the socket with one of {@link SOCKET_CODES}. */
  close(code: number): void
}

/** The messages of a WebSocket: begin when it is opened and end with the job. */
export interface MessageStream {
  open(sink: MessageSink): EventFlow
}

/** Close codes (RFC 6455 7.4): the job is over; reconnect, to another process or a little later; the client's message is too big. */
export const SOCKET_CODES = { over: 1000, again: 1012, tooBig: 1009 } as const

/** Largest message that a client may send, in bytes. Messages are ignored, so a client needs them at most as a keep-alive. */
export const MAX_MESSAGE_BYTES = 1_024

/** Whether a client asks for an upgrade to a WebSocket (RFC 6455 4.2.1). Other protocols are ignored. */
export const wantsSocket = ({ headers }: JobRequest): boolean => headers.get('upgrade')?.toLowerCase() === 'websocket'

/** GET events as a WebSocket: sends the current status document, then a new one at each change, and closes after the last. */
export async function getSocket(context: Context, job: Job, self: string, request: JobRequest): Promise<Answer> {
  if (!isWelcome(context, job, request)) return problem('origin-not-allowed')
  if (context.draining) return busy('draining')
  const upgraded = { status: 101, headers: {}, body: null }
  const { store } = context
  if (store.connect) return { ...upgraded, held: await store.connect(job.id, self) }
  documentOf(context, job, self) // before the 101: a representation may throw, which must be answered with a status
  return { ...upgraded, messages: { open: (sink) => speak(context, job, self, sink) } }
}

function speak(context: Context, job: Job, self: string, sink: MessageSink): EventFlow {
  const { over, again } = SOCKET_CODES
  return follow(context, job, self, 0, {
    open: () => true,
    tell: ({ text }) => sink.send(text),
    alive() {
      sink.ping?.()
      return true
    },
    close: (isOver) => sink.close(isOver ? over : again),
  })
}

/**
 * Whether a page may open a socket. Browsers let any page do so, with the user's cookies and no CORS check (RFC 6455 10.2), so it is
 * checked here: pages of this host, of `baseUrl` and of the origins in `cors` may. With `'*'` any page may, but only for jobs without
 * an owner, as over HTTP, where `'*'` allows no cookies. Clients that are not browsers send no `Origin`.
 */
function isWelcome({ options: { cors, baseUrl } }: Context, job: Job, { headers }: JobRequest): boolean {
  const origin = headers.get('origin')
  if (origin === null) return true
  if (cors === '*' ? job.owner === null : cors.includes(origin)) return true
  if (baseUrl !== undefined && `${baseUrl}/`.startsWith(`${origin}/`)) return true
  return /^https?:\/\/(.+)$/.exec(origin)?.[1] === headers.get('host')
}
