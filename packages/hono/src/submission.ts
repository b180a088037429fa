import { type Body, type BodySink, type BodyStream, bodyTooLarge, type JsonObject, type Submission, sizeOf } from '@respond-async/core'
import { fieldsOf, keptBody, readBody } from '@respond-async/core/fetch'
import type { Context } from 'hono'
import { notesOf } from './replay'

/**
 * A Hono request that may become a job; the handler's own request is made from it.
 *
 * A class, because it is made for every request: an object literal would create its functions each time.
 */
export class HonoSubmission implements Submission<Context> {
  /** `c.var` as the handler would find it. */
  readonly variables: object
  /** As the client sent them, except for the `content-type` of a form that had to be encoded again. */
  headers: Headers
  /** The body, read before the 202 because it cannot be read after it. A stream if it is large. */
  body: Body | BodyStream | null = null

  constructor(readonly native: Context) {
    this.variables = native.var
    this.headers = native.req.raw.headers
    void native.env?.incoming?.socket?.remoteAddress // Node forgets the address of a client that has left, unless it was read before
  }

  get method(): string {
    return this.native.req.method
  }

  get url(): string {
    return this.native.req.url
  }

  get signal(): AbortSignal {
    return this.native.req.raw.signal
  }

  /** Reads the body; if earlier middleware such as a validator has read it, from the cache that it left in `c.req`. */
  async readBody(limit: number, wanted: boolean, large?: BodySink): Promise<Body | null> {
    const { raw, bodyCache } = this.native.req
    const [kind] = Object.keys(bodyCache)
    // What could not be read as a form, say, is in the cache, too.
    const value: unknown = await bodyCache[kind as keyof typeof bodyCache]?.catch(() => {})
    if (value === undefined) {
      this.body = await readBody(raw, limit, wanted, large)
      return this.body
    }
    let body = value as Body
    if (kind !== 'text') {
      const again = new Response((kind === 'json' ? JSON.stringify(value) : value) as BodyInit)
      body = new Uint8Array(await again.arrayBuffer())
      // Encoding a form again gives it another boundary.
      if (kind === 'formData') {
        this.headers = new Headers(this.headers)
        this.headers.set('content-type', again.headers.get('content-type') as string)
      }
    }
    if (sizeOf(body) > limit) throw bodyTooLarge(limit)
    this.body = body.length > 0 ? body : null
    return wanted ? keptBody(this.body, large) : null
  }

  headerFields(): ReturnType<typeof fieldsOf> {
    return fieldsOf(this.headers)
  }

  context(): JsonObject {
    return notesOf(this.native)
  }
}
