import { type Body, type Platform, type Submission, sizeOf } from '@respond-async/core'
import { checkSize, detachRequest, fieldsOf, readBody } from '@respond-async/core/fetch'
import type { Context } from 'hono'
import { matchedRoutes } from 'hono/route'
import type { RequestSource } from './detached-request'
import { notesOf, validOf } from './notes'

/** The live side of a Hono request that became a job. */
export interface HonoSubmission extends Submission<Context> {
  readonly platform: Platform
  /** `c.var` as the handler would have found it. */
  readonly variables: object
  source(): RequestSource
}

export function honoSubmission(c: Context, platform: Platform): HonoSubmission {
  const { raw } = c.req
  const { method, url } = raw
  let { headers } = raw
  let body: Body | null = null
  return {
    ...{ method, url, headers, native: c, platform, variables: c.var },
    headerFields: () => fieldsOf(headers),
    context: () => notesOf(c),
    async readBody(limit, wanted) {
      const kept = await keptBody(c, limit)
      body = kept ? kept.body : await readBody(raw, limit, wanted)
      if (kept?.contentType) {
        headers = new Headers(headers)
        headers.set('content-type', kept.contentType)
      }
      return body
    },
    source: () => ({
      ...{ method, url, headers, body, path: c.req.path, routes: matchedRoutes(c), routeIndex: c.req.routeIndex },
      ...{ params: c.req.param(), valid: validOf(c), unstored: [], makeRaw: () => detachRequest(raw, body, headers) },
    }),
  }
}

/** Kinds in which `c.req` keeps a body that was read, the most exact first. */
const KINDS = ['arrayBuffer', 'blob', 'text', 'formData', 'json'] as const

/** The body as earlier middleware (a validator, say) has left it in `c.req`, because it cannot be read twice. `undefined`: nobody read it. */
async function keptBody(c: Context, limit: number): Promise<{ body: Body | null; contentType?: string | null } | undefined> {
  const { bodyCache } = c.req
  const kind = KINDS.find((one) => one in bodyCache)
  if (!kind) return undefined
  const value = await bodyCache[kind]
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
