import { type EventFlow, MAX_MESSAGE_BYTES, type MessageStream, SOCKET_CODES } from '@respond-async/core'

/** Answers 101: the socket belongs to this request, which lives as long as it is open. */
export function upgraded(messages: MessageStream): Response {
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
      return true // what is waiting to be sent the platform does not tell
    },
    close: (code) => server.close(code),
  })
  return new Response(null, { status: 101, webSocket: client })
}

/** Nothing is made of what a client says; so much of it is no sign of life any more. */
export const isTooBig = (data: string | ArrayBuffer): boolean =>
  (typeof data === 'string' ? data.length : data.byteLength) > MAX_MESSAGE_BYTES
