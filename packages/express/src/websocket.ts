import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type Answer, type Jobs, MAX_MESSAGE_BYTES, type MessageStream, type Owner, pathOf } from '@respond-async/core'
import { checkJobs } from '@respond-async/core/store'
import type { Request } from 'express'
import { type WebSocket, WebSocketServer } from 'ws'
import { writeAnswer } from './write-answer'

/** Options of {@link jobSockets}. */
export interface JobSocketsOptions {
  /** Path of the job routes as this server sees it. @default the `path` of `createJobs`, or `/jobs` */
  path?: string | undefined
  /**
   * Returns whose request it is, and so whose jobs it may see. It gets Node's own request: no middleware has run.
   * @default the `owner` of `createJobs`
   */
  owner?: Owner<IncomingMessage> | undefined
  /**
   * Called with errors of answering an upgrade: an `owner` that throws (the client gets 500), or another `upgrade` listener that has
   * taken the connection, such as a `WebSocketServer({ server })` without a path, which takes them all.
   * @default console.error
   */
  onError?: ((error: unknown) => void) | undefined
}

/** A listener for the `upgrade` event of a server. */
export type UpgradeListener = (this: unknown, request: IncomingMessage, socket: Duplex, head: Buffer) => void

/** The path of a socket below the job routes. */
const EVENTS = /^\/[^/]+\/events\/?$/
/** How much may be buffered in a socket before nothing more is sent to it, in bytes. */
const ROOM_BYTES = 65_536

/**
 * Opens WebSockets at the events URL of jobs, for Express or plain node:http: `server.on('upgrade', jobSockets(jobs))`. Upgrades to
 * all other URLs are left to other listeners; if there are none, the requests are answered as if they asked for no upgrade.
 */
export function jobSockets(jobs: Jobs<IncomingMessage>, options?: JobSocketsOptions): UpgradeListener
/** Jobs whose `owner` expects an Express request need another `owner` here: no middleware runs before an upgrade. */
export function jobSockets(jobs: Jobs<Request>, options: JobSocketsOptions & { owner: Owner<IncomingMessage> }): UpgradeListener
export function jobSockets(
  jobs: Jobs<never>,
  { path = jobs?.path, owner, onError = report, ...others }: JobSocketsOptions = {},
): UpgradeListener {
  checkJobs('jobSockets', jobs, others)
  const mount = path.replace(/\/+$/, '')
  const sockets = new WebSocketServer({ noServer: true, clientTracking: false, maxPayload: MAX_MESSAGE_BYTES })
  return function upgrade(request, socket, head) {
    const connection: Answering = request.socket
    const before = connection._httpMessage
    if (before) {
      // Node reports an upgrade at once, although the answer to a request before it on this connection is still due.
      socket.on('error', ignore)
      before.once('close', () => {
        if (socket.destroyed) return // the client has gone
        socket.off('error', ignore)
        connection.setTimeout(0) // after that answer Node takes the connection for idle
        upgrade.call(this, request, socket, head)
      })
      return
    }
    const { method = 'GET', headers } = request
    const url = pathOf(request.url ?? '/')
    const [pathname = ''] = url.split('?', 1)
    const rest = pathname.slice(mount.length)
    // Other job routes have no upgrade, and the middleware that guards them in the application has not run.
    const isOurs = pathname.startsWith(mount) && EVENTS.test(rest) && method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket'
    if (!isOurs) return passOn(this as Partial<Server> | undefined, request, socket, head)
    const get = (name: string) => headers[name]?.toString() ?? null
    const match = { native: request as never, mount, rest, owner, upgrades: true }
    socket.on('error', ignore) // the client has gone; ws has its own listener
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

/** A connection of a server of Node, with the response that is being sent. */
type Answering = Socket & { readonly _httpMessage?: ServerResponse | null }

const NOT_FOUND: Answer = { status: 404, headers: {}, body: null }
const FAILED: Answer = { status: 500, headers: {}, body: null }
const TOO_MANY_FIELDS: Answer = { status: 431, headers: {}, body: null }
/** Most header fields that Node keeps of a request, unless the server has a `maxHeadersCount`. */
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
      if (!isAlive) return socket.terminate() // the last ping was not answered
      isAlive = false
      socket.ping()
    },
    close: (code) => socket.close(code),
  })
  socket.on('pong', () => {
    isAlive = true
  })
  socket.on('error', ignore) // a message that is too large, or an invalid frame: ws closes the socket
  socket.on('close', flow.close)
}

/** Makes a response on a connection that Node has detached for an upgrade. */
function responseOn(request: IncomingMessage, socket: Duplex): ServerResponse {
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(socket as Socket) // the type of an HTTP server's connections
  socket.on('error', ignore) // the client has gone
  socket.on('drain', () => response.emit('drain'))
  response.on('finish', () => socket.end())
  return response
}

/**
 * Gives a request that no other listener will answer back to the server, without its `Upgrade` field: Node ignores an upgrade only if
 * nobody listens for one. The server then reads the request like any other, with its body, and those that follow on the connection.
 * Only where Node reads the body by itself, from version 26 on, does the connection end with the answer.
 */
function passOn(server: Partial<Server> | undefined, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  if (server?.listenerCount?.('upgrade') !== 1) return
  if (!request.complete || request.readableLength > 0) {
    Object.assign(request, { upgrade: false }) // body parsers take an upgrade for a request without a body
    return void server.emit?.('request', request, responseOn(request, socket))
  }
  const { method, url, httpVersion, rawHeaders } = request
  // Node may have dropped further fields, `Content-Length` among them: the body of this request would then be read as the next request.
  const most = 2 * (server.maxHeadersCount ?? MAX_FIELDS)
  if (most > 0 && rawHeaders.length >= most) return writeAnswer(responseOn(request, socket), TOO_MANY_FIELDS)
  let text = `${method} ${url} HTTP/${httpVersion}\r\n`
  for (let at = 0; at < rawHeaders.length; at += 2)
    if (rawHeaders[at]?.toLowerCase() !== 'upgrade') text += `${rawHeaders[at]}: ${rawHeaders[at + 1]}\r\n`
  socket.unshift(Buffer.concat([Buffer.from(`${text}\r\n`, 'latin1'), head]))
  server.emit?.('encrypted' in socket ? 'secureConnection' : 'connection', socket)
}
