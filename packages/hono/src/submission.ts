import { type Body, type JsonObject, type Platform, type Submission, sizeOf } from '@respond-async/core'
import { checkSize, detachRequest, fieldsOf, readBody } from '@respond-async/core/fetch'
import type { Context } from 'hono'
import { matchedRoutes } from 'hono/route'
import type { RequestSource } from './detached-request'
import { notesOf } from './notes'

/**
 * A Hono request that may become a job, and what its handler's own request is made of.
 *
 * A class, because it is made for every request: a literal would make its functions anew each time.
 */
export class HonoSubmission implements Submission<Context>, RequestSource {
  readonly native: Context
  readonly platform: Platform
  readonly raw: Request
  readonly method: string
  readonly url: string
  /** `c.var` as the handler would have found it. */
  readonly variables: object
  readonly routeIndex: number
  headers: Headers
  body: Body | null = null

  constructor(c: Context, platform: Platform) {
    const { raw, routeIndex } = c.req
    this.native = c
    this.platform = platform
    this.raw = raw
    this.method = raw.method
    this.url = raw.url
    this.headers = raw.headers
    this.variables = c.var
    this.routeIndex = routeIndex
  }

  get path(): string {
    return this.native.req.path
  }

  async readBody(limit: number, wanted: boolean): Promise<Body | null> {
    const kind = keptKind(this.native)
    if (!kind) {
      this.body = await readBody(this.raw, limit, wanted)
      return this.body
    }
    const { body, contentType } = await keptBody(this.native, kind, limit)
    if (contentType) {
      this.headers = new Headers(this.headers)
      this.headers.set('content-type', contentType)
    }
    this.body = body
    return body
  }

  headerFields(): Record<string, string> {
    return fieldsOf(this.headers)
  }

  context(): JsonObject {
    return notesOf(this.native)
  }

  routes() {
    return matchedRoutes(this.native)
  }

  params(): Record<string, string> {
    return this.native.req.param()
  }

  valid(target: string): unknown {
    return this.native.req.valid(target as never)
  }

  makeRaw(): Request {
    return detachRequest(this.raw, this.body, this.headers)
  }
}

/** Kinds in which `c.req` keeps a body that was read, the most exact first. */
const KINDS = ['arrayBuffer', 'blob', 'text', 'formData', 'json'] as const
type Kind = (typeof KINDS)[number]

/** `undefined`: nobody has read the body. */
function keptKind(c: Context): Kind | undefined {
  const { bodyCache } = c.req
  for (const _ in bodyCache) return KINDS.find((kind) => kind in bodyCache)
  return undefined
}

/** The body as earlier middleware (a validator, say) has left it in `c.req`, because it cannot be read twice. */
async function keptBody(c: Context, kind: Kind, limit: number): Promise<{ body: Body | null; contentType?: string | null }> {
  const value = await c.req.bodyCache[kind]
  if (kind === 'text' || kind === 'json') {
    const body = kind === 'text' ? (value as string) : JSON.stringify(value)
    checkSize(sizeOf(body), limit)
    return { body: body || null }
  }
  // A form comes out with another boundary than it came in with.
  const again = new Response(value as BodyInit)
  const body = new Uint8Array(await again.arrayBuffer())
  checkSize(body.length, limit)
  return { body: body.length > 0 ? body : null, contentType: kind === 'formData' ? again.headers.get('content-type') : undefined }
}
