import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type Answer, type Jobs, MAX_MESSAGE_BYTES, type MessageStream, type Owner, pathOf } from '@respond-async/core'
import type { Request } from 'express'
import { type WebSocket, WebSocketServer } from 'ws'
import { writeAnswer } from './write-answer'

export interface JobSocketsOptions {
  /** Path of the job routes, as this server sees it. @default the `path` of `createJobs`, `/jobs` */
  path?: string
  /** Whose jobs a request may see. No middleware has run: it gets what Node has of the request. @default the `owner` of `createJobs` */
  owner?: Owner<IncomingMessage>
  /**
   * Hears of what goes wrong while a request is answered: an `owner` that throws, for which the client gets 500; another listener that
   * has taken the connection, as a `WebSocketServer({ server })` without a path takes them all.
   * @default console.error
   */
  onError?: (error: unknown) => void
}

/** A listener of a server's `upgrade`. */
export type UpgradeListener = (this: unknown, request: IncomingMessage, socket: Duplex, head: Buffer) => void

/** What follows the path of the job routes where sockets are. */
const EVENTS = /^\/[^/]+\/events\/?$/
/** More than this is not given to a socket before what it has was taken by the network, in bytes. */
const ROOM_BYTES = 65_536

/**
 * Opens WebSockets at the events of jobs, for `server.on('upgrade', jobSockets(jobs))`: with Express, or with plain node:http.
 * All other requests, those for other URLs of jobs among them, are left to other listeners; where there is none they are answered as if
 * they asked for no upgrade.
 */
export function jobSockets(jobs: Jobs<IncomingMessage>, options?: JobSocketsOptions): UpgradeListener
/** Jobs whose own `owner` reads a request of Express need another one here: no middleware of the application runs before an upgrade. */
export function jobSockets(jobs: Jobs<Request>, options: JobSocketsOptions & { owner: Owner<IncomingMessage> }): UpgradeListener
export function jobSockets(jobs: Jobs<never>, { path = jobs.path, owner, onError = report }: JobSocketsOptions = {}): UpgradeListener {
  const mount = path.replace(/\/+$/, '')
  const sockets = new WebSocketServer({ noServer: true, clientTracking: false, maxPayload: MAX_MESSAGE_BYTES })
  return function upgrade(request, socket, head) {
    const { method = 'GET', headers } = request
    const url = pathOf(request.url ?? '/')
    const [pathname = ''] = url.split('?', 1)
    const rest = pathname.slice(mount.length)
    // At all other URLs of jobs there is nothing to upgrade to, and what guards them in the application has not run.
    const isOurs = pathname.startsWith(mount) && EVENTS.test(rest) && method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket'
    if (!isOurs) return passOn(this as Partial<Server> | undefined, request, socket, head)
    const get = (name: string) => headers[name]?.toString() ?? null
    const match = { native: request as never, mount, rest, owner, upgrades: true }
    socket.on('error', ignore) // of a client that has gone; ws listens for itself
    jobs
      .route({ method, url, headers: { get } }, match)
      .then(
        (answer = NOT_FOUND) => {
          const { messages } = answer
          if (messages) sockets.handleUpgrade(request, socket, head, (open) => speak(open, messages))
          else writeAnswer(responseOn(request, socket), answer)
        },
        (error) => {
          onError(error)
          writeAnswer(responseOn(request, socket), FAILED)
        },
      )
      .catch(onError) // another listener has taken the connection
  }
}

const NOT_FOUND: Answer = { status: 404, headers: {}, body: null }
const FAILED: Answer = { status: 500, headers: {}, body: null }
const TOO_MANY_FIELDS: Answer = { status: 431, headers: {}, body: null }
/** Fields of a request that Node keeps unless the server's `maxHeadersCount` says otherwise. */
const MAX_FIELDS = 1_000
const ignore = () => {}
const report = (error: unknown) => console.error('respond-async: upgrade:', error)

function speak(socket: WebSocket, messages: MessageStream): void {
  let isFull = false
  let isAlive = true
  const flow = messages.open({
    send(text) {
      socket.send(text, () => {
        if (!isFull || socket.bufferedAmount > ROOM_BYTES) return
        isFull = false
        flow.ready()
      })
      isFull = socket.bufferedAmount > ROOM_BYTES
      return !isFull
    },
    ping() {
      if (!isAlive) return socket.terminate() // it has not answered the last one
      isAlive = false
      socket.ping()
    },
    close: (code) => socket.close(code),
  })
  socket.on('pong', () => {
    isAlive = true
  })
  socket.on('error', ignore) // a message that is too large, a frame that is none: ws closes it
  socket.on('close', flow.close)
}

/** A response on a connection that Node has let go of. */
function responseOn(request: IncomingMessage, socket: Duplex): ServerResponse {
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(socket as Socket) // what an HTTP server has, whatever carries it
  socket.on('error', ignore) // of a client that has gone
  socket.on('drain', () => response.emit('drain'))
  response.on('finish', () => socket.end())
  return response
}

/**
 * A request that nobody else will answer: Node ignores an upgrade only where no one listens for any. So the server gets the connection
 * back, and on it the request without what it asked for: it is read as any other then, with its body, and so are those that follow it.
 */
function passOn(server: Partial<Server> | undefined, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  if (server?.listenerCount?.('upgrade') !== 1) return
  const { method, url, httpVersion, rawHeaders } = request
  // Node drops the fields beyond so many, and what is sent as the body of this request would be read as the next one.
  const most = 2 * (server.maxHeadersCount ?? MAX_FIELDS)
  if (most > 0 && rawHeaders.length >= most) return writeAnswer(responseOn(request, socket), TOO_MANY_FIELDS)
  let text = `${method} ${url} HTTP/${httpVersion}\r\n`
  for (let at = 0; at < rawHeaders.length; at += 2)
    if (rawHeaders[at]?.toLowerCase() !== 'upgrade') text += `${rawHeaders[at]}: ${rawHeaders[at + 1]}\r\n`
  socket.unshift(Buffer.concat([Buffer.from(`${text}\r\n`, 'latin1'), head]))
  server.emit?.('encrypted' in socket ? 'secureConnection' : 'connection', socket)
}
