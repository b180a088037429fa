import { isTerminal, type Job, SOCKET_CODES, type StoreHost } from '@respond-async/core'

/** What is kept with a socket while its object sleeps. */
interface Watching {
  /** The status URL, as the client sees it. */
  readonly self: string
  /** The revision that was sent last. */
  readonly sent: number
}

/** Names the status URL in the request for a socket, which comes from the store alone. */
export const SELF_HEADER = 'x-respond-async-self'

/**
 * The sockets of those who watch the object's job. The platform holds them: the object may be evicted while they are open, and is
 * woken by the next change of its record.
 */
export function jobSockets(ctx: DurableObjectState) {
  const close = (socket: WebSocket, code: number) => {
    try {
      socket.close(code)
    } catch {
      // It has been closed from the other side.
    }
  }
  const tell = (socket: WebSocket, { self, sent }: Watching, job: Job, { show }: StoreHost) => {
    if (job.revision <= sent) return
    try {
      socket.send(show(job, self))
      socket.serializeAttachment({ self, sent: job.revision } satisfies Watching)
    } catch {
      return close(socket, SOCKET_CODES.again) // the client has gone, and its end has not been heard yet
    }
    if (isTerminal(job.status)) close(socket, SOCKET_CODES.over)
  }

  return {
    /** Opens one, and tells it of the job as it is. */
    open(job: Job, self: string, host: StoreHost): Response {
      const { 0: client, 1: server } = new WebSocketPair()
      ctx.acceptWebSocket(server)
      tell(server, { self, sent: 0 }, job, host)
      return new Response(null, { status: 101, webSocket: client })
    },
    some: (): boolean => ctx.getWebSockets().length > 0,
    /** Tells all of them of a change. */
    changed(job: Job, host: StoreHost): void {
      for (const socket of ctx.getWebSockets()) tell(socket, socket.deserializeAttachment() as Watching, job, host) // as it was serialized
    },
    /** There is nothing to tell any more. */
    end(): void {
      for (const socket of ctx.getWebSockets()) close(socket, SOCKET_CODES.again)
    },
    close,
  }
}
