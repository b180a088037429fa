import { once } from 'node:events'
import type { StatusDocument } from '@respond-async/core'
import { type ClientOptions, WebSocket } from 'ws'

/** A socket that is open, and what it has heard; `closed`: the code that it was closed with. */
export interface Listener {
  readonly socket: WebSocket
  readonly heard: StatusDocument[]
  readonly closed: Promise<number>
}

/** Opens a socket, listening from the first message on. @throws {Error} `refused: <status>` where it is answered over HTTP. */
export async function listen(url: string, options: ClientOptions = {}): Promise<Listener> {
  const socket = new WebSocket(url, options)
  const heard: StatusDocument[] = []
  socket.on('message', (data) => heard.push(JSON.parse(String(data))))
  const closed = once(socket, 'close').then(([code]) => Number(code))
  closed.catch(() => {}) // heard of below
  await new Promise<void>((resolve, reject) => {
    socket.on('open', resolve)
    socket.on('error', reject)
    socket.on('unexpected-response', (request, response) => {
      request.destroy()
      reject(new Error(`refused: ${response.statusCode}`))
    })
  })
  return { socket, heard, closed }
}
