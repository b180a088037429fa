import { busy } from './accept'
import type { Answer } from './answer'
import type { Context } from './context'
import { documentOf, type EventFlow, follow } from './feed'
import type { Job } from './job'
import { isTerminal } from './lifecycle'
import { problem } from './problems'
import type { JobRequest } from './request'

/** Where an adapter takes messages: a WebSocket that is open. */
export interface MessageSink {
  /** Sends a text message. `false`: there is no room for more until {@link EventFlow} is told that there is. */
  send(text: string): boolean
  /** Asks for a sign of life (RFC 6455 5.5.2), where the platform does not do so itself. */
  ping?(): void
  /** Nothing follows: {@link SOCKET_CODES}. */
  close(code: number): void
}

/** What a WebSocket carries: begins when it is opened, and ends with the job. */
export interface MessageStream {
  open(sink: MessageSink): EventFlow
}

/** How a WebSocket ends (RFC 6455 7.4): the job is over; to be opened again, elsewhere or a little later; the client sends too much. */
export const SOCKET_CODES = { over: 1000, again: 1012, tooBig: 1009 } as const

/** Largest message that a client may send, in bytes. Nothing is made of it, so all that it could need is a sign of life of its own. */
export const MAX_MESSAGE_BYTES = 1_024

/** Whether a client would like to go on with a WebSocket (RFC 6455 4.2.1). Other protocols are none that we speak, and ignored. */
export const wantsSocket = ({ headers }: JobRequest): boolean => headers.get('upgrade')?.toLowerCase() === 'websocket'

/** GET events as a WebSocket: the status document as a message, as it is and whenever it changes, closed after the last. */
export async function getSocket(context: Context, job: Job, self: string, request: JobRequest): Promise<Answer> {
  if (!isWelcome(context, job, request)) return problem('origin-not-allowed')
  if (context.draining) return busy('draining')
  const upgraded = { status: 101, headers: {}, body: null }
  const { store } = context
  if (store.connect) return { ...upgraded, held: await store.connect(job.id, self) }
  const text = documentOf(context, job, self) // before the 101: an application that cannot show the job is an error like others
  return { ...upgraded, messages: { open: (sink) => speak(context, job, self, text, sink) } }
}

function speak(context: Context, job: Job, self: string, text: string, sink: MessageSink): EventFlow {
  const { over, again } = SOCKET_CODES
  if (isTerminal(job.status)) {
    sink.send(text)
    sink.close(over)
    return { ready() {}, close() {} }
  }
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
 * Whether a page may open a socket. Browsers let any page do that, with the cookies of its user and without asking (RFC 6455
 * 10.2), so it is asked here: pages of this host and of `baseUrl` may, and those that `cors` names. `'*'` opens nameless jobs only:
 * over HTTP it never comes with cookies, either. What is no page sends no `Origin`.
 */
function isWelcome({ options: { cors, baseUrl } }: Context, job: Job, { headers }: JobRequest): boolean {
  const origin = headers.get('origin')
  if (origin === null) return true
  if (cors === '*' ? job.owner === null : cors.includes(origin)) return true
  if (baseUrl !== undefined && `${baseUrl}/`.startsWith(`${origin}/`)) return true
  return /^https?:\/\/(.+)$/.exec(origin)?.[1] === headers.get('host')
}
