import { EventEmitter } from 'node:events'
import { type IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { BodyStream, JobHandle, JobRequest } from '@respond-async/core'
import type { Request } from 'express'
import type { CapturingResponse } from './capturing-response'
import type { Next } from './handlers'

/** A request that belongs to the handler alone: no socket behind it, its body in memory, nothing of the client leaving. */
export interface DetachedRequest extends IncomingMessage {
  job: JobHandle
  res: CapturingResponse
  next: Next
  /** Fills it as Node and Express would. `body`: what is still to be read; `undefined`: earlier middleware has read it. */
  receive(line: RequestLine, head: RequestHead, headers: IncomingHttpHeaders, body: Pieces | undefined): void
  fail(error: unknown): void
}
/** A body that was gathered, or one that is read from the store as it is wanted. */
type Pieces = readonly Uint8Array[] | BodyStream
/** What the client asked for: `url` is what Express calls `originalUrl`. */
type RequestLine = Pick<JobRequest, 'method' | 'url'>
/** What Node and Express have made of it: `url` is what the mount path leaves. */
export type RequestHead = Pick<Request, 'url' | 'rawHeaders' | 'baseUrl' | 'params' | 'route' | 'body'>

/** What Express itself puts on a request. */
export const EXPRESS_FIELDS = ['originalUrl', 'baseUrl', 'params', 'route', 'body'] as const

/** Who sent the request. */
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
      super(new DetachedSocket(peer) as unknown as Socket) // all that Express and Node read of one
    }

    receive({ method, url }: RequestLine, head: RequestHead, headers: IncomingHttpHeaders, body: Pieces | undefined): void {
      // One by one: written in a loop, so many fields make V8 keep the object as a dictionary, which costs ten times as much.
      this.method = method
      this.url = head.url
      this._addHeaderLines(head.rawHeaders, head.rawHeaders.length) // for `headersDistinct`; they are parsed when somebody asks for that
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
        this._readableState.endEmitted = true // who waits for the end hears that it has been,
        this._readableState.autoDestroy = false // and does not wait for 'close'
      }
    }

    fail(error: unknown): void {
      this.res.fail(error)
    }

    override _read(): void {
      this._readableState.readingMore = false // Node's own `_read` does so; until then nothing more is read than was asked for
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
        if (this.listenerCount('error') === 0) this.fail(error) // nobody would hear of it
        this.destroy(error as Error)
      }
    }

    override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
      this.#pieces?.return?.().catch(() => {}) // what it would say has been said
      callback(this.listenerCount('error') > 0 ? error : null)
    }
  }
  return Detached
}

/** Stands where the socket was: tells who the client is, and takes what handlers do to sockets without doing it. */
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
