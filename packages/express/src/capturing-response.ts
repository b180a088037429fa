import { type IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type Body, type BodySink, bytesOf, type CapturedResponse, type Execution, resultTooLarge, sizeOf } from '@respond-async/core'
import { isBodiless } from './write-answer'

/** A response that goes nowhere: what is written to it is kept. Settles once; whatever is done to it after that changes nothing. */
export interface CapturingResponse extends ServerResponse {
  locals: unknown
  readonly captured: Promise<CapturedResponse>
  fail(error: unknown): void
  /** What `stream.finished()` asks for. */
  _closed: boolean
}

/** Length that is taken in one turn of the event loop. A writer of more has to wait for 'drain': nothing else would have a turn. */
const TURN = 262_144

/** How much of a response is kept, and where it goes once it is large. */
type Kept = Pick<Execution, 'maxResultBytes' | 'sink'>
type Done = (error?: Error | null) => void

/**
 * Makes a class of capturing responses.
 * `earlier`: the fields that earlier middleware had set, which the handler sees and which are not the handler's.
 */
export function capturingResponses(): new (req: IncomingMessage, earlier: OutgoingHttpHeaders, execution: Kept) => CapturingResponse {
  class Capturing extends ServerResponse implements CapturingResponse {
    declare locals: unknown
    declare socket: Socket // which is not ours to write, as the types have it
    declare _closed: boolean
    declare _header: string | null // what Node and others tell by that the head has been sent
    declare readonly captured: Promise<CapturedResponse>
    readonly #earlier: OutgoingHttpHeaders
    readonly #limit: number
    readonly #sink: BodySink | undefined
    /** Under way while pieces are written to the sink; whether it took them. Never rejects. */
    #spilling: Promise<boolean> | undefined
    #chunks: Body[] = []
    #size = 0
    /** Length that was written in this turn of the event loop. */
    #written = 0
    /** Size above which pieces go to the sink. */
    #after: number
    /** The sink was told that the response is being written. */
    #hasBegun = false
    /** Ended or destroyed: what comes now counts no more. */
    #over = false
    #resolve!: (response: CapturedResponse) => void
    #reject!: (error: unknown) => void

    constructor(req: IncomingMessage, earlier: OutgoingHttpHeaders, { maxResultBytes, sink }: Kept) {
      super(req)
      this.#earlier = earlier
      this.#limit = maxResultBytes
      this.#sink = sink
      this.#after = sink?.after ?? maxResultBytes // which nothing passes
      this.captured = new Promise((resolve, reject) => {
        this.#resolve = resolve
        this.#reject = reject
      })
      for (const name in earlier) super.setHeader(name, earlier[name] as string)
      this.socket = req.socket
    }

    // @ts-expect-error Node, too, tells it by a getter, which its types have as a property.
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
      if (head.length > 0 || this._header || !(status >= 200 && status <= 999)) {
        super.setHeader('date', '') // once it has one field by itself, Node adds those given here to it, where getHeaders() finds them
        super.removeHeader('date')
        // Who reads an interim response (RFC 9110 15.2) waits for the final one: Node refuses it here as what is no status.
        super.writeHead(...([status < 200 ? 'below 200' : status, ...head] as Parameters<ServerResponse['writeHead']>))
      }
      this.statusCode = status
      this._header = 'sent' // Node would write the text of the head there, which nobody gets
      return this
    }
    override flushHeaders(): void {
      if (this.#over) return
      this.#sendHead()
      if (this.#hasBegun || !this.#sink?.begin || isBodiless(this)) return
      this.#hasBegun = true
      this.#sink.begin(
        () => ({ status: this.statusCode, headers: this.#fields() }),
        () => {
          this.#after = -1
          return this.#chunks.splice(0).map(bytesOf)
        },
      )
    }

    /** What Node sends before the answer: 100, 102, 103. */
    _writeRaw(_data: unknown, _encoding: unknown, done?: Done): void {
      if (done) process.nextTick(done)
    }

    #sendHead(): void {
      if (!this.headersSent) this.writeHead(this.statusCode)
    }

    override write(chunk: string | Uint8Array, encoding?: BufferEncoding | Done, done?: Done): boolean {
      if (typeof encoding === 'function') return this.write(chunk, undefined, encoding)
      // A writer may use its buffer again, so the bytes are copied; what has none is refused before the head is sent, as by Node.
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
      this.#over = true
      this.#chunks = []
      this.#reject(error) // which does nothing once it has resolved
      this.once('close', () => this.socket.emit('close')) // by which on-finished, and so res.sendFile(), hears that there is no end to come
      process.nextTick(close, this)
      return this
    }

    #finish(): void {
      const [only = null, second] = isBodiless(this) ? [] : this.#chunks
      const body = second ? Buffer.concat(this.#chunks.map(bytesOf)) : only
      this.#resolve({ status: this.statusCode, headers: this.#fields(), body })
      process.nextTick(finish, this)
    }

    #take(chunk: Body): void {
      if (this.#over) return
      this.#size += sizeOf(chunk)
      this.#chunks.push(chunk)
      if (this.#size > this.#limit) this.destroy(resultTooLarge(this.#limit))
      else if (this.#size > this.#after && !isBodiless(this)) this.#spilling ??= this.#spill()
    }

    /** Hands what there is to the sink, and what comes meanwhile; the writer hears by 'drain' when it may go on. */
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

    /** What the handler set or changed; a cookie that was there before is not its own, its media type always is. */
    #fields(): Record<string, string | string[]> {
      const fields: Record<string, string | string[]> = {}
      const all = this.getHeaders() as Record<string, string | string[]> // and numbers, which are made strings below
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
  // Nobody has read it, and somebody waits for its end: Node reads it then, too.
  else if (req.readableFlowing === null && req.listenerCount('close') + req.listenerCount('end') > 0) req.resume()
}
