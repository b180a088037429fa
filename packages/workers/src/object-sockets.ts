import { isTerminal, type Job, SOCKET_CODES, type StoreHost } from '@respond-async/core'

/** What is stored with a socket while its object hibernates. */
interface Watching {
  /** The status URL, as the client sees it. */
  readonly self: string
  /** The revision that was sent last. */
  readonly sent: number
}

/** Header field with the status URL, in the store's request for a socket. */
export const SELF_HEADER = 'x-respond-async-self'

/**
 * The sockets of the watchers of the object's job. The platform holds them, so the object may hibernate while they are open; the next
 * change of its record wakes it.
 */
export function jobSockets(ctx: DurableObjectState) {
  const close = (socket: WebSocket, code: number) => {
    try {
      socket.close(code)
    } catch {
      // Already closed by the client.
    }
  }
  const tell = (socket: WebSocket, { self, sent }: Watching, job: Job, { show }: StoreHost) => {
    if (job.revision <= sent) return
    try {
      socket.send(show(job, self))
      socket.serializeAttachment({ self, sent: job.revision } satisfies Watching)
    } catch {
      return close(socket, SOCKET_CODES.again) // the client has gone, but its close has not been received yet
    }
    if (isTerminal(job.status)) close(socket, SOCKET_CODES.over)
  }

  return {
    /** Opens a socket and sends it the job as it is. */
    open(job: Job, self: string, host: StoreHost): Response {
      const { 0: client, 1: server } = new WebSocketPair()
      ctx.acceptWebSocket(server)
      tell(server, { self, sent: 0 }, job, host)
      return new Response(null, { status: 101, webSocket: client })
    },
    some: (): boolean => ctx.getWebSockets().length > 0,
    /** Sends a change to all sockets. */
    changed(job: Job, host: StoreHost): void {
      for (const socket of ctx.getWebSockets()) tell(socket, socket.deserializeAttachment() as Watching, job, host) // as it was serialized
    },
    /** Closes all sockets. */
    end(): void {
      for (const socket of ctx.getWebSockets()) close(socket, SOCKET_CODES.again)
    },
    close,
  }
}
