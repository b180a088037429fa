import { type EventFlow, type MessageStream, SOCKET_CODES } from '@respond-async/core'
import { hasSocketPairs, isTooBig, socketResponse } from '@respond-async/core/fetch'
import type { Context } from 'hono'

/** The runtime's `upgradeWebSocket`, from `@hono/node-server`, `hono/bun`, `hono/deno` or `hono/cloudflare-workers`. */
export type Upgrade = (c: Context, events: SocketEvents) => Promise<Response>

/** Callbacks for the events of a socket, called by the runtime. */
export interface SocketEvents {
  onOpen(event: unknown, socket: OpenSocket): void
  onMessage(event: { readonly data: unknown }, socket: OpenSocket): void
  onClose(): void
  onError(): void
}

/** The part of Hono's `WSContext` that is used. */
export interface OpenSocket {
  readonly raw?: unknown
  send(text: string): void
  close(code: number): void
}

/** Members of the runtimes' own sockets; each has some of them. */
interface RawSocket {
  readonly bufferedAmount?: number
  getBufferedAmount?(): number
  ping?(): void
}

/** How much may be buffered in a socket before nothing more is sent to it, in bytes. */
const ROOM_BYTES = 65_536
/** How often a full socket is checked for room, in milliseconds: Hono has no event for it. */
const LOOK_MS = 100
/** Added to a close code that the runtime refuses, to make it a private one: the WebSocket API allows no 1012, and Deno enforces that. */
const PRIVATE = 3_000

/** Answers 101 and sends the messages of core. */
export function upgrade(c: Context, messages: MessageStream, upgradeWebSocket: Upgrade): Promise<Response> | Response {
  if (hasSocketPairs()) return socketResponse(messages) // Hono's function never calls `onOpen` there
  let flow: EventFlow | undefined
  let looking: ReturnType<typeof setInterval> | undefined
  const gone = () => {
    clearInterval(looking)
    flow?.close()
  }
  return upgradeWebSocket(c, {
    onOpen(_, socket) {
      const raw = (socket.raw ?? {}) as RawSocket // differs by runtime
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
