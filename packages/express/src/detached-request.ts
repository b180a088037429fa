import { EventEmitter } from 'node:events'
import { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

/** A request that belongs to the handler alone: no socket behind it, its body in memory, nothing of the client leaving. */
export interface DetachedRequest extends IncomingMessage {
  /** Fills it as the parser of Node would. `body`: what is still to be read; `undefined`: earlier middleware has read it. */
  receive(head: RequestHead, body: readonly Uint8Array[] | undefined): void
  /** Hears of what a listener throws. */
  onThrow: (error: unknown) => void
}
export type RequestHead = Pick<IncomingMessage, 'method' | 'url' | 'rawHeaders' | 'httpVersion' | 'httpVersionMajor' | 'httpVersionMinor'>

/** Who sent the request. */
export interface Peer {
  readonly remoteAddress?: string
  readonly encrypted: boolean
}

/** Makes the class of detached requests under an application's own prototype (`app.request`, and what was put on it). */
export function detachedRequests(prototype: object): new (peer: Peer) => DetachedRequest {
  class Detached extends IncomingMessage implements DetachedRequest {
    #body: readonly Uint8Array[] | undefined
    onThrow: (error: unknown) => void = () => {}

    constructor(peer: Peer) {
      super(new DetachedSocket(peer) as unknown as Socket) // all that Express and Node read of one
    }

    receive(head: RequestHead, body: readonly Uint8Array[] | undefined): void {
      const { method, url, rawHeaders, httpVersion, httpVersionMajor, httpVersionMinor } = head
      Object.assign(this, { method, url, rawHeaders, httpVersion, httpVersionMajor, httpVersionMinor })
      this.#body = body ?? []
      if (!body) Object.assign(this, { complete: true, readable: false })
    }

    override _read(): void {
      const body = this.#body
      if (!body) return
      this.#body = undefined
      for (const chunk of body) this.push(chunk)
      this.complete = true
      this.push(null)
    }

    override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
      callback(this.listenerCount('error') > 0 ? error : null)
    }

    // A throw of a listener would reach nobody but the process.
    override emit(...event: Parameters<EventEmitter['emit']>): boolean {
      try {
        return super.emit(...event)
      } catch (error) {
        this.onThrow(error)
        return true
      }
    }
  }
  Object.setPrototypeOf(Detached.prototype, prototype)
  return Detached
}

/** Stands where the socket was: tells who the client is, and takes what handlers do to sockets without doing it. */
class DetachedSocket extends EventEmitter implements Peer {
  readonly readable = true
  readonly writable = true
  readonly destroyed = false
  readonly writableLength = 0
  readonly remoteAddress: string | undefined
  readonly encrypted: boolean
  constructor({ remoteAddress, encrypted }: Peer) {
    super()
    this.remoteAddress = remoteAddress
    this.encrypted = encrypted
  }
}
const same = function (this: DetachedSocket) {
  return this
}
for (const name of [
  'setTimeout',
  'setKeepAlive',
  'setNoDelay',
  'ref',
  'unref',
  'cork',
  'uncork',
  'pause',
  'resume',
  'end',
  'destroy',
  'destroySoon',
])
  Object.defineProperty(DetachedSocket.prototype, name, { value: same })
