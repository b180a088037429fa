import { type EventFlow, MAX_MESSAGE_BYTES, type MessageStream, SOCKET_CODES } from '@respond-async/core'

/** One end of a `WebSocketPair`, as Workers have it. */
interface PairedSocket {
  accept(): void
  send(text: string): void
  close(code?: number): void
  addEventListener(type: 'message' | 'close' | 'error', listener: (event: { readonly data?: unknown }) => void): void
}
type Pair = new () => { readonly 0: PairedSocket; readonly 1: PairedSocket }

/** Whether this platform has `WebSocketPair`, as Workers do. */
export const hasSocketPairs = (): boolean => 'WebSocketPair' in globalThis

/** Answers 101 on Workers. The socket belongs to this request, which lasts as long as the socket is open. */
export function socketResponse(messages: MessageStream): Response {
  const { WebSocketPair } = globalThis as unknown as { readonly WebSocketPair: Pair }
  const { 0: client, 1: server } = new WebSocketPair()
  let flow: EventFlow | undefined
  server.accept()
  server.addEventListener('message', ({ data }) => {
    if (isTooBig(data)) server.close(SOCKET_CODES.tooBig)
  })
  server.addEventListener('close', () => {
    flow?.close()
    server.close()
  })
  server.addEventListener('error', () => flow?.close())
  flow = messages.open({
    send(text) {
      server.send(text)
      return true // the platform does not tell how much is buffered
    },
    close: (code) => server.close(code),
  })
  const init: ResponseInit & { readonly webSocket: PairedSocket } = { status: 101, webSocket: client }
  return new Response(null, init)
}

/** Whether a client's message (text, bytes or a Blob) is larger than `MAX_MESSAGE_BYTES`. */
export function isTooBig(data: unknown): boolean {
  const { length, byteLength, size } = Object(data) as Record<'length' | 'byteLength' | 'size', number> // one of these, if any
  return (length ?? byteLength ?? size) > MAX_MESSAGE_BYTES
}
