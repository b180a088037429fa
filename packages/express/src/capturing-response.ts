import { type IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { type Body, type CapturedResponse, resultTooLarge } from '@respond-async/core'

/** A response that goes nowhere: what is written to it is kept. Settles once; whatever is done to it after that changes nothing. */
export interface CapturingResponse extends ServerResponse {
  readonly captured: Promise<CapturedResponse>
  fail(error: unknown): void
}

type Done = (error?: Error | null) => void
type Fields = OutgoingHttpHeaders | readonly (string | number | readonly string[])[]

/** So many bytes are taken before a writer has to wait for 'drain', so that a loop of writes lets others have their turn. */
const TURN_BYTES = 262_144

/**
 * Makes the class of capturing responses under an application's own prototype (`app.response`, and what was put on it).
 * `earlier`: the fields that earlier middleware had set, which the handler sees and which are not the handler's.
 */
export function capturingResponses(
  prototype: object,
): new (
  req: IncomingMessage,
  earlier: OutgoingHttpHeaders,
  limit: number,
) => CapturingResponse {
  class Capturing extends ServerResponse implements CapturingResponse {
    declare _header: string | null // what Node and others tell by that the head has been sent
    readonly captured: Promise<CapturedResponse>
    readonly #earlier: OutgoingHttpHeaders
    readonly #limit: number
    #chunks: (string | Uint8Array)[] = []
    #size = 0
    #turn = 0
    #over = false
    #settle!: { resolve(response: CapturedResponse): void; reject(error: unknown): void }

    constructor(req: IncomingMessage, earlier: OutgoingHttpHeaders, limit: number) {
      super(req)
      this.#earlier = earlier
      this.#limit = limit
      this.captured = new Promise((resolve, reject) => {
        this.#settle = { resolve, reject }
      })
      for (const name in earlier) super.setHeader(name, earlier[name] as string)
      Object.assign(this, { socket: req.socket })
    }

    fail(error: unknown): void {
      if (this.#over) return
      this.#over = true
      this.#settle.reject(error)
      this.#chunks = []
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

    override writeHead(status: number, reason?: string | Fields, fields?: Fields): this {
      if (this.#over) return this
      if (this._header || !(status >= 100 && status <= 999)) return super.writeHead(status) // throws what it throws for everybody
      const given = typeof reason === 'string' ? fields : (reason ?? fields)
      if (Array.isArray(given)) {
        for (let at = 0; at < given.length; at += 2) this.removeHeader(given[at])
        for (let at = 0; at < given.length; at += 2) this.appendHeader(given[at], given[at + 1])
      } else for (const [name, value] of Object.entries(given ?? {})) if (value !== undefined) this.setHeader(name, value)
      this.statusCode = status
      this._header = 'sent'
      return this
    }
    override flushHeaders(): void {
      if (!this.headersSent) this.writeHead(this.statusCode)
    }

    override write(chunk: string | Uint8Array, encoding?: BufferEncoding | Done, callback?: Done): boolean {
      const done = typeof encoding === 'function' ? encoding : callback
      if (!this.headersSent) this.writeHead(this.statusCode)
      // A writer may use its buffer again, so the bytes are copied.
      this.#take(typeof chunk === 'string' ? Buffer.from(chunk, encoding as BufferEncoding) : Uint8Array.prototype.slice.call(chunk))
      if (done) process.nextTick(done)
      return this.#turn < TURN_BYTES
    }

    override end(chunk?: string | Uint8Array | Done, encoding?: BufferEncoding | Done, callback?: Done): this {
      if (typeof chunk === 'function') return this.end(undefined, undefined, chunk)
      if (typeof encoding === 'function') return this.end(chunk, undefined, encoding)
      if (callback) this.once('finish', callback)
      if (!this.headersSent) this.writeHead(this.statusCode)
      const isText = typeof chunk === 'string' && (!encoding || /^utf-?8$/i.test(encoding))
      if (chunk) this.#take(typeof chunk === 'string' && !isText ? Buffer.from(chunk, encoding) : chunk)
      if (this.#over) return this
      this.#over = true
      this.finished = true
      this.#settle.resolve({ status: this.statusCode, headers: this.#fields(), body: this.#body() })
      process.nextTick(finish, this)
      return this
    }

    override destroy(error?: Error): this {
      this.fail(error ?? new Error('The handler destroyed its response.'))
      if (!this.destroyed) process.nextTick(close, this)
      this.destroyed = true
      return this
    }

    override emit(...event: Parameters<ServerResponse['emit']>): boolean {
      try {
        return super.emit(...event)
      } catch (error) {
        this.fail(error)
        return true
      }
    }

    #take(chunk: string | Uint8Array): void {
      if (this.#over) return
      const size = Buffer.byteLength(chunk)
      this.#size += size
      if (this.#size > this.#limit) {
        this.destroy(resultTooLarge(this.#limit))
        return
      }
      this.#chunks.push(chunk)
      if (this.#turn < TURN_BYTES && this.#turn + size >= TURN_BYTES)
        setImmediate(() => {
          this.#turn = 0
          this.emit('drain')
        })
      this.#turn += size
    }

    /** What the handler set or changed; a cookie that was there before is not its own, its media type always is. */
    #fields(): Record<string, string | string[]> {
      const fields: Record<string, string | string[]> = {}
      const all = this.getHeaders() as Record<string, string | string[]> // and numbers, which are made strings below
      for (const name in all) {
        const value = all[name] as string | string[]
        const before = this.#earlier[name]
        if (name === 'set-cookie') {
          const old = [before ?? []].flat().map(String)
          const added = [value].flat().filter((cookie) => !old.includes(cookie))
          if (added.length > 0) fields[name] = added
        } else if (value !== before || name === 'content-type') fields[name] = Array.isArray(value) ? value : String(value)
      }
      return fields
    }

    #body(): Body | null {
      const [only] = this.#chunks
      const { statusCode: status } = this
      if (only === undefined || status === 204 || status === 304 || this.req.method === 'HEAD') return null
      if (this.#chunks.length === 1) return typeof only === 'string' ? only : Uint8Array.prototype.slice.call(only)
      return Buffer.concat(this.#chunks.map((chunk) => (typeof chunk === 'string' ? Buffer.from(chunk) : chunk)))
    }
  }
  Object.setPrototypeOf(Capturing.prototype, prototype)
  return Capturing
}

function finish(response: ServerResponse): void {
  response.emit('finish')
  close(response)
}

function close(response: ServerResponse): void {
  Object.assign(response, { destroyed: true, _closed: true })
  response.emit('close')
}
