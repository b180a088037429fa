import { EventEmitter } from 'node:events'
import { type IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { BodyStream, JobHandle, JobRequest } from '@respond-async/core'
import type { Request } from 'express'
import type { CapturingResponse } from './capturing-response'
import type { Next } from './handlers'

/** The handler's own request, without a socket: its body is in memory or read from the store, and it does not notice the client leaving. */
export interface DetachedRequest extends IncomingMessage {
  job: JobHandle
  res: CapturingResponse
  next: Next
  /** Sets what Node and Express would. @param body to be read by the handler; `undefined`: earlier middleware has read it */
  receive(line: RequestLine, head: RequestHead, headers: IncomingHttpHeaders, body: Pieces | undefined): void
  fail(error: unknown): void
}
/** A body in memory, or one that is read from the store on demand. */
type Pieces = readonly Uint8Array[] | BodyStream
/** The request as the client sent it: `url` is Express's `originalUrl`. */
type RequestLine = Pick<JobRequest, 'method' | 'url'>
/** The request as Node and Express parsed it: `url` is without the mount path. */
export type RequestHead = Pick<Request, 'url' | 'rawHeaders' | 'baseUrl' | 'params' | 'route' | 'body'>

/** Properties that Express itself sets on a request. */
export const EXPRESS_FIELDS = ['originalUrl', 'baseUrl', 'params', 'route', 'body'] as const

/** The client's end of the connection. */
export interface Peer {
  readonly remoteAddress?: string
  readonly encrypted?: boolean
}

/** Makes a class of detached requests. */
export function detachedRequests(): new (peer: Peer) => DetachedRequest {
  class Detached extends IncomingMessage implements DetachedRequest {
    declare job: JobHandle
    declare res: CapturingResponse
    declare next: Next
    declare originalUrl: string
    declare baseUrl: string
    declare params: Request['params']
    declare route: unknown
    declare body: unknown
    declare _readableState: { readingMore: boolean; endEmitted: boolean; autoDestroy: boolean }
    declare _addHeaderLines: (lines: string[], length: number) => void
    #body: Pieces = []
    #pieces: AsyncIterator<Uint8Array> | undefined

    constructor(peer: Peer) {
      super(new DetachedSocket(peer) as unknown as Socket) // has all that Express and Node read of a socket
    }

    receive({ method, url }: RequestLine, head: RequestHead, headers: IncomingHttpHeaders, body: Pieces | undefined): void {
      // Written out: set in a loop, so many properties make V8 switch to dictionary mode, which costs ten times as much.
      this.method = method
      this.url = head.url
      this._addHeaderLines(head.rawHeaders, head.rawHeaders.length) // for `headersDistinct`, which parses them on first use
      this.headers = headers
      this.httpVersion = '1.1'
      this.httpVersionMajor = 1
      this.httpVersionMinor = 1
      this.originalUrl = url
      this.baseUrl = head.baseUrl
      this.params = head.params
      this.route = head.route
      this.body = head.body
      if (body) this.#body = body
      else {
        this.complete = true
        this._readableState.endEmitted = true // whoever waits for the end learns that it has passed
        this._readableState.autoDestroy = false // and does not wait for 'close'
      }
    }

    fail(error: unknown): void {
      this.res.fail(error)
    }

    override _read(): void {
      this._readableState.readingMore = false // as Node's own `_read` does; otherwise the stream would not read ahead
      if ('part' in this.#body) return void this.#pull(this.#body)
      for (const chunk of this.#body) this.push(chunk)
      this.complete = true
      this.push(null)
    }

    async #pull(body: BodyStream): Promise<void> {
      this.#pieces ??= body[Symbol.asyncIterator]()
      try {
        const { done, value } = await this.#pieces.next()
        this.complete = done === true
        this.push(done ? null : value)
      } catch (error) {
        if (this.listenerCount('error') === 0) this.fail(error) // otherwise the error would be lost
        this.destroy(error as Error)
      }
    }

    override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
      this.#pieces?.return?.().catch(() => {}) // its error has been reported
      callback(this.listenerCount('error') > 0 ? error : null)
    }
  }
  return Detached
}

/** Stands in for the socket: has the client's address, and ignores what handlers do to sockets. */
class DetachedSocket extends EventEmitter implements Peer {
  declare readonly remoteAddress: string | undefined
  declare readonly encrypted: boolean | undefined
  constructor(peer: Peer) {
    super()
    this.remoteAddress = peer.remoteAddress
    this.encrypted = peer.encrypted
  }
}
function itself(this: DetachedSocket): DetachedSocket {
  return this
}
Object.assign(DetachedSocket.prototype, {
  ...{ readable: true, writable: true, writableLength: 0, setTimeout: itself, setKeepAlive: itself, setNoDelay: itself },
  ...{ ref: itself, unref: itself, cork: itself, uncork: itself, end: itself, destroy: itself },
})
