import { pathOf } from '@respond-async/core'
import type { Context } from 'hono'
import { basePath, baseRoutePath } from 'hono/route'

/** Where the routes of a sub-app are as the client sees them, and what of the path follows. */
export function placeOf(c: Context): { mount: string; rest: string } {
  const pattern = baseRoutePath(c)
  const base = /[:*]/.test(pattern) ? basePath(c) : pattern
  const end = base.endsWith('/') ? base.length - 1 : base.length
  const { path, url } = c.req
  const rest = path.slice(end)
  const sent = pathOf(url)
  if (sent.startsWith(path)) return { mount: path.slice(0, end), rest }
  // Hono's path is decoded, and an application may have put a host in front of it; links need it as it was sent.
  const [whole = ''] = sent.split('?', 1)
  return { mount: whole.endsWith(rest) ? whole.slice(0, whole.length - rest.length) : path.slice(0, end), rest }
}
