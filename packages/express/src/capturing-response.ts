import { type IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type Body, type BodySink, bytesOf, type CapturedResponse, type Execution, resultTooLarge, sizeOf } from '@respond-async/core'
import { isBodiless } from './write-answer'

/** A response without a client: what is written to it is captured. Settles once; after that it ignores everything. */
export interface CapturingResponse extends ServerResponse {
  locals: unknown
  readonly captured: Promise<CapturedResponse>
  fail(error: unknown): void
  /** Read by `stream.finished()`. */
  _closed: boolean
}

/** Length that may be written in one turn of the event loop. For more a writer must wait for 'drain', so that other work gets its turn. */
const TURN = 262_144

/** How much of a response is stored, and the sink for a large one. */
type Kept = Pick<Execution, 'maxResultBytes' | 'sink'>
type Done = (error?: Error | null) => void

/**
 * Makes a class of capturing responses. Its constructor takes in `earlier` the header fields that earlier middleware set: the handler
 * sees them, but they are not part of its response.
 */
export function capturingResponses(): new (req: IncomingMessage, earlier: OutgoingHttpHeaders, execution: Kept) => CapturingResponse {
  class Capturing extends ServerResponse implements CapturingResponse {
    declare locals: unknown
    declare socket: Socket // read-only in Node's types
    declare _closed: boolean
    declare _header: string | null // if set, Node and others take the head for sent
    declare readonly captured: Promise<CapturedResponse>
    readonly #earlier: OutgoingHttpHeaders
    readonly #limit: number
    readonly #sink: BodySink | undefined
    /** Set while pieces are written to the sink; resolves to whether it took them. Never rejects. */
    #spilling: Promise<boolean> | undefined
    #chunks: Body[] = []
    #size = 0
    /** Length written in this turn of the event loop. */
    #written = 0
    /** Size above which pieces go to the sink. */
    #after: number
    /** Whether `sink.begin` was called. */
    #hasBegun = false
    /** The status with which the head was sent: `statusCode` may be set later, which changes nothing. */
    #status = 0
    /** Ended or destroyed: everything after that is ignored. */
    #over = false
    #resolve!: (response: CapturedResponse) => void
    #reject!: (error: unknown) => void

    constructor(req: IncomingMessage, earlier: OutgoingHttpHeaders, { maxResultBytes, sink }: Kept) {
      super(req)
      this.#earlier = earlier
      this.#limit = maxResultBytes
      this.#sink = sink
      this.#after = sink?.after ?? maxResultBytes // never exceeded
      this.captured = new Promise((resolve, reject) => {
        this.#resolve = resolve
        this.#reject = reject
      })
      for (const name in earlier) super.setHeader(name, earlier[name] as string)
      this.socket = req.socket
    }

    // @ts-expect-error A property in Node's types, but a getter in Node too.
    override get writableFinished(): boolean {
      return this.finished
    }

    fail(error: unknown): void {
      if (!this.finished) this.destroy(error)
    }

    override setHeader(name: string, value: number | string | readonly string[]): this {
      return this.#over ? this : super.setHeader(name, value)
    }
    override appendHeader(name: string, value: string | readonly string[]): this {
      return this.#over ? this : super.appendHeader(name, value)
    }
    override removeHeader(name: string): void {
      if (!this.#over) super.removeHeader(name)
    }
    override writeHead(status: number, ...head: unknown[]): this {
      if (this.#over) return this
      const code = status | 0 // as Node takes it: Express 4 accepts '404'
      if (head.length > 0 || this._header || code < 200 || code > 999) {
        super.setHeader('_', '') // if a field is set, Node adds those given here to it, where getHeaders() finds them
        super.removeHeader('_')
        // An interim status (RFC 9110 15.2) would never be followed by a final one: Node throws for this invalid one.
        super.writeHead(...([code < 200 ? 'below 200' : code, ...head] as Parameters<ServerResponse['writeHead']>))
      }
      this.statusCode = this.#status = code
      this._header = 'sent' // in place of the text of the head, which nobody gets
      return this
    }
    override flushHeaders(): void {
      if (this.#over) return
      this.#sendHead()
      if (this.#hasBegun || !this.#sink?.begin || isBodiless(this, this.#status)) return
      this.#hasBegun = true
      this.#sink.begin(
        () => ({ status: this.#status, headers: this.#fields() }),
        () => {
          this.#after = -1
          return this.#chunks.splice(0).map(bytesOf)
        },
      )
    }

    /** Called by Node for interim responses (100, 102, 103), which are dropped. */
    _writeRaw(_data: unknown, _encoding: unknown, done?: Done): void {
      if (done) process.nextTick(done)
    }

    #sendHead(): void {
      if (!this.headersSent) this.writeHead(this.statusCode)
    }

    override write(chunk: string | Uint8Array, encoding?: BufferEncoding | Done, done?: Done): boolean {
      if (typeof encoding === 'function') return this.write(chunk, undefined, encoding)
      // Copied, because a writer may reuse its buffer. Invalid chunks throw before the head is sent, as in Node.
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : Buffer.copyBytesFrom(chunk)
      this.flushHeaders()
      this.#take(bytes)
      const spilling = this.#spilling
      if (spilling) {
        if (done) spilling.then(() => process.nextTick(done))
        return false
      }
      if (done) process.nextTick(done)
      if (this.#written === 0)
        setImmediate(() => {
          this.#written = 0
          this.emit('drain')
        })
      this.#written += chunk.length
      return this.#written < TURN
    }

    override end(chunk?: string | Uint8Array | Done, encoding?: BufferEncoding | Done, done?: Done): this {
      if (typeof chunk === 'function') return this.end(undefined, undefined, chunk)
      if (typeof encoding === 'function') return this.end(chunk, undefined, encoding)
      const last =
        chunk &&
        (typeof chunk !== 'string' ? Buffer.copyBytesFrom(chunk) : !encoding || encoding === 'utf8' ? chunk : Buffer.from(chunk, encoding))
      if (done) this.once('finish', done)
      this.#sendHead()
      if (last) this.#take(last)
      if (this.#over) return this
      this.#over = true
      this.finished = true
      if (this.#spilling) this.#spilling.then((taken) => taken && this.#finish())
      else this.#finish()
      return this
    }

    override destroy(error: unknown = new Error('The handler destroyed its response.')): this {
      this.destroyed = this.#over = true
      this.#chunks = []
      this.#reject(error) // no effect if it has resolved
      this.once('close', () => this.socket.emit('close')) // tells on-finished, and so res.sendFile(), that the response will not end
      process.nextTick(close, this)
      return this
    }

    #finish(): void {
      const [only = null, second] = this.#chunks
      const body = second ? Buffer.concat(this.#chunks.map(bytesOf)) : only
      this.#resolve({ status: this.#status, headers: this.#fields(), body })
      process.nextTick(finish, this)
    }

    #take(chunk: Body): void {
      if (this.#over || isBodiless(this, this.#status)) return
      this.#size += sizeOf(chunk)
      this.#chunks.push(chunk)
      if (this.#size > this.#limit) this.destroy(resultTooLarge(this.#limit))
      else if (this.#size > this.#after) this.#spilling ??= this.#spill()
    }

    /** Writes all pieces to the sink, also those that come meanwhile; then 'drain' tells the writer to go on. */
    async #spill(): Promise<boolean> {
      try {
        while (this.#chunks.length > 0) await this.#sink?.write(bytesOf(this.#chunks.shift() as Body))
      } catch (error) {
        this.destroy(error)
        return false
      } finally {
        this.#spilling = undefined
      }
      if (!this.#over) this.emit('drain')
      return true
    }

    /** The header fields that the handler set or changed: always the media type, never cookies that were set before. */
    #fields(): Record<string, string | string[]> {
      const fields: Record<string, string | string[]> = {}
      const all = this.getHeaders() as Record<string, string | string[]> // numbers become strings below
      for (const name in all) {
        const value = all[name] as string | string[]
        const before = this.#earlier[name]
        if (name === 'set-cookie') fields[name] = [value].flat().filter((cookie) => ![before].flat().includes(cookie))
        else if (value !== before || name === 'content-type') fields[name] = Array.isArray(value) ? value : String(value)
      }
      return fields
    }
  }
  return Capturing
}

function finish(response: CapturingResponse): void {
  response.emit('finish')
  close(response)
}

function close(response: CapturingResponse): void {
  if (response._closed) return
  response.destroyed = true
  response._closed = true
  response.emit('close')
  const { req } = response
  if (req.readableEnded) req.destroy()
  // Nobody has read the request, but somebody waits for its end: Node, too, then reads and drops it.
  else if (req.readableFlowing === null && req.listenerCount('close') + req.listenerCount('end') > 0) req.resume()
}
