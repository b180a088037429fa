import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import type { TLSSocket } from 'node:tls'
import {
  type Body,
  type BodySink,
  bodyTooLarge,
  type JobRequest,
  JobsError,
  type JsonObject,
  type Submission,
  sizeOf,
} from '@respond-async/core'
import type { Request, Response } from 'express'
import { type Added, addedTo, type Told, toldOf } from './added'
import type { Peer, RequestHead } from './detached-request'

/** How earlier middleware left `req.body`: parsed (stored as JSON), text, bytes, or the empty `{}` of Express 4. */
type ParsedAs = 'json' | 'text' | 'bytes' | 'empty'

/** What a replay needs besides the stored request. */
export interface Notes {
  readonly url?: string
  readonly baseUrl?: string
  readonly params?: JsonObject
  readonly told?: Told
  readonly remoteAddress?: string
  readonly encrypted?: boolean
  readonly hasBody?: boolean
  readonly parsedAs?: ParsedAs
  readonly statusCode?: number
}

/** An Express request, as core reads it. */
export class ExpressRequest implements JobRequest {
  declare readonly method: string
  declare readonly url: string
  declare readonly fields: IncomingHttpHeaders
  constructor(readonly native: Request) {
    this.method = native.method
    this.url = native.originalUrl
    this.fields = native.headers
  }

  get headers(): this {
    return this
  }
  get(name: string): string | null {
    return this.fields[name]?.toString() ?? null
  }

  get signal(): AbortSignal {
    return leavingOf(this.native.res as Response) // every request of Express has one
  }
}

/** Aborts when the client leaves before it has the whole response. */
export function leavingOf(res: Response): AbortSignal {
  const controller = new AbortController()
  const left = () => res.writableFinished || controller.abort()
  if (res.destroyed) left()
  else res.once('close', left)
  return controller.signal
}

/** A request that may become a job, with what must be read from it and its response before the 202. */
export class ExpressSubmission extends ExpressRequest implements Submission<Request>, Peer {
  /** What may change on the live request before the handler runs. */
  declare readonly own: RequestHead
  declare readonly added: Added
  declare readonly statusCode: number
  declare readonly responseAdded: Added
  /** Header fields that earlier middleware set on the response. */
  declare readonly earlier: OutgoingHttpHeaders
  declare readonly remoteAddress: string | undefined
  declare readonly encrypted: boolean
  /** The body as far as it was read; `undefined`: earlier middleware has read it. */
  chunks: Uint8Array[] | undefined = []
  #parsedAs: ParsedAs | undefined

  constructor(
    native: Request,
    readonly response: Response,
  ) {
    super(native)
    const { url, rawHeaders, baseUrl, params, route, body, socket } = native
    this.own = { url, rawHeaders, baseUrl, params, route, body }
    this.added = addedTo(native)
    this.statusCode = response.statusCode
    this.responseAdded = addedTo(response)
    this.earlier = response.getHeaders()
    this.remoteAddress = socket.remoteAddress
    this.encrypted = (socket as Partial<TLSSocket>).encrypted === true
  }

  headerFields(): Record<string, string | string[]> {
    const fields = { ...this.fields } as Record<string, string | string[]> // none is undefined in a received message
    if (!this.chunks) delete fields['content-encoding'] // the parsed body that is stored has been decoded
    return fields
  }

  context(): JsonObject {
    const { remoteAddress, encrypted, hasBody, statusCode } = this
    const { url, baseUrl, params } = this.own
    return {
      url: url === this.url ? undefined : url,
      baseUrl,
      params,
      told: toldOf(this.native),
      remoteAddress,
      encrypted,
      hasBody,
      parsedAs: this.#parsedAs,
      statusCode,
    } satisfies Notes
  }

  private get hasBody(): boolean {
    return 'content-length' in this.fields || 'transfer-encoding' in this.fields
  }

  readBody(limit: number, wanted: boolean, large?: BodySink): Promise<Body | null> | Body | null {
    const { native } = this
    const length = this.fields['content-length']
    if (Number(length) > limit) throw bodyTooLarge(limit)
    // A parser may call `next` as soon as it has what it needs, before the stream has ended.
    if (native.readableEnded || (native.readableDidRead && native.body !== undefined)) this.chunks = undefined
    else if (!native.readable) throw brokenOff()
    else if (this.hasBody && length !== '0') return this.#collect(limit, wanted, large)
    // Chunked or compressed: nobody has checked the size of what was read, and the parser's limit may be higher.
    if (!('content-encoding' in this.fields || 'transfer-encoding' in this.fields)) return wanted ? this.#parsed() : null
    try {
      const body = this.#parsed()
      if (!body || sizeOf(body) <= limit) return body
    } catch (error) {
      if (!wanted) return null // not stored, so it need not be JSON
      throw error
    }
    throw bodyTooLarge(limit)
  }

  /** The body to store, from `req.body` as earlier middleware left it. */
  #parsed(): Body | null {
    const body: unknown = this.own.body
    if (body === undefined) return null
    this.#parsedAs = typeof body === 'string' ? 'text' : body instanceof Uint8Array ? 'bytes' : 'json'
    return this.#parsedAs === 'json' ? JSON.stringify(body) : (body as Body)
  }

  #collect(limit: number, wanted: boolean, large: BodySink | undefined): Promise<Body | null> {
    const { native } = this
    const chunks = this.chunks as Uint8Array[] // set: nobody has read the body
    if (native.body !== undefined) this.#parsedAs = 'empty'
    return new Promise((resolve, reject) => {
      const after = large?.after ?? limit // never exceeded
      let size = 0
      let failed = false
      const fail = (error: unknown) => {
        failed = true // the rest is read and dropped, so that the client reads the answer
        chunks.length = 0
        reject(error)
      }
      const handOver = async () => {
        native.pause()
        try {
          for (const piece of chunks.splice(0)) await large?.write(piece)
        } catch (error) {
          fail(error)
        }
        native.resume()
      }
      native.on('data', (chunk: Uint8Array | string) => {
        if (failed) return
        const bytes = typeof chunk === 'string' ? Buffer.from(chunk, native.readableEncoding as BufferEncoding) : chunk
        size += bytes.length
        if (size > limit) return fail(bodyTooLarge(limit))
        chunks.push(bytes)
        // A body that comes byte by byte would take a hundred times its size if each chunk were kept.
        if (chunks.length > 1_000 + size / 1_000) chunks.push(Buffer.concat(chunks.splice(-1_000)))
        if (size > after) handOver()
      })
      native.on('end', () => resolve(wanted && size <= after ? Buffer.concat(chunks) : null))
      const aborted = (cause?: unknown) => reject(brokenOff(cause))
      native.on('error', aborted).on('close', aborted).resume()
    })
  }
}

const brokenOff = (cause?: unknown) => new JobsError('body_unreadable', 'The request body broke off.', { cause })
