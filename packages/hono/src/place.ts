import { pathOf } from '@respond-async/core'
import type { Context } from 'hono'
import { basePath } from 'hono/route'

/** Where the routes of a sub-app are as the client sees them, and what of the path follows. */
export function placeOf(c: Context): { mount: string; rest: string } {
  const base = basePath(c)
  const end = base.endsWith('/') ? base.length - 1 : base.length
  const { path } = c.req
  const rest = path.slice(end)
  const [sent = ''] = pathOf(c.req.url).split('?', 1)
  // Hono's path is decoded, and an application may have put a host in front of it; links need it as it was sent.
  const mount = sent === path || !sent.endsWith(rest) ? path.slice(0, end) : sent.slice(0, sent.length - rest.length)
  return { mount, rest }
}
