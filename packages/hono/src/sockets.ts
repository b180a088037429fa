import { type EventFlow, type MessageStream, SOCKET_CODES } from '@respond-async/core'
import { hasSocketPairs, isTooBig, socketResponse } from '@respond-async/core/fetch'
import type { Context } from 'hono'

/** `upgradeWebSocket` of the runtime: of `@hono/node-server`, `hono/bun`, `hono/deno`, `hono/cloudflare-workers`. */
export type Upgrade = (c: Context, events: SocketEvents) => Promise<Response>

/** What a runtime calls as its socket goes on. */
export interface SocketEvents {
  onOpen(event: unknown, socket: OpenSocket): void
  onMessage(event: { readonly data: unknown }, socket: OpenSocket): void
  onClose(): void
  onError(): void
}

/** What is used of Hono's `WSContext`. */
export interface OpenSocket {
  readonly raw?: unknown
  send(text: string): void
  close(code: number): void
}

/** What the runtimes' own sockets have, each some of it. */
interface RawSocket {
  readonly bufferedAmount?: number
  getBufferedAmount?(): number
  ping?(): void
}

/** More than this is not given to a socket before what it has was taken by the network, in bytes. */
const ROOM_BYTES = 65_536
/** Pause between two looks at a socket that is full, in milliseconds: Hono hands on no sign that it no longer is. */
const LOOK_MS = 100
/** In place of 1012, which the WebSocket standard lets no one say (Deno keeps to it): the same number, in the range for private use. */
const PRIVATE = 3_000

/** Answers 101, and sends there what core has to say. */
export function upgrade(c: Context, messages: MessageStream, upgradeWebSocket: Upgrade): Promise<Response> | Response {
  if (hasSocketPairs()) return socketResponse(messages) // Hono's own function tells of no opening there
  let flow: EventFlow | undefined
  let looking: ReturnType<typeof setInterval> | undefined
  const gone = () => {
    clearInterval(looking)
    flow?.close()
  }
  return upgradeWebSocket(c, {
    onOpen(_, socket) {
      const raw = (socket.raw ?? {}) as RawSocket // each runtime has another
      const look = () => {
        if (!hasRoom(raw)) return
        clearInterval(looking)
        looking = undefined
        flow?.ready()
      }
      flow = messages.open({
        send(text) {
          socket.send(text)
          if (hasRoom(raw)) return true
          looking ??= setInterval(look, LOOK_MS)
          return false
        },
        ping: () => raw.ping?.(),
        close: (code) => end(socket, code),
      })
    },
    onMessage({ data }, socket) {
      if (isTooBig(data)) end(socket, SOCKET_CODES.tooBig)
    },
    onClose: gone,
    onError: gone,
  })
}

const hasRoom = (raw: RawSocket) => (raw.getBufferedAmount?.() ?? raw.bufferedAmount ?? 0) <= ROOM_BYTES

function end(socket: OpenSocket, code: number): void {
  try {
    socket.close(code)
  } catch {
    socket.close(PRIVATE + code)
  }
}
