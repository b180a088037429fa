import { type Body, type BodySink, type BodyStream, bodyTooLarge, type JsonObject, type Submission, sizeOf } from '@respond-async/core'
import { fieldsOf, keptBody, readBody, requestScope } from '@respond-async/core/fetch'
import type { Context } from 'hono'
import { notesOf } from './replay'

/**
 * A Hono request that may become a job, and the live side of its handler's own.
 *
 * A class, because it is made for every request: a literal would make its functions anew each time.
 */
export class HonoSubmission implements Submission<Context> {
  /** `c.var` as the handler would have found it. */
  readonly variables: object
  /** As the client sent them, but for the type of a form that had to be put together again. */
  headers: Headers
  /** What was read of the request before the 202: it cannot be read after it. In pieces, where it is large. */
  body: Body | BodyStream | null = null
  readonly scope = requestScope()

  constructor(readonly native: Context) {
    this.variables = native.var
    this.headers = native.req.raw.headers
    void native.env?.incoming?.socket?.remoteAddress // Node forgets where a client was that has left, unless it has been asked before
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

  /** Earlier middleware (a validator, say) leaves a body that it read in `c.req`, because it cannot be read twice. */
  async readBody(limit: number, wanted: boolean, large?: BodySink): Promise<Body | null> {
    const { raw, bodyCache } = this.native.req
    const [kind] = Object.keys(bodyCache)
    if (!kind) {
      this.body = await readBody(raw, limit, wanted, large)
      return this.body
    }
    const value: unknown = await bodyCache[kind as keyof typeof bodyCache]
    let body = value as Body
    if (kind !== 'text') {
      const again = new Response((kind === 'json' ? JSON.stringify(value) : value) as BodyInit)
      body = new Uint8Array(await again.arrayBuffer())
      // A form comes out with another boundary than it came in with.
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
