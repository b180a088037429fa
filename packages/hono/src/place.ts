import type { Context } from 'hono'
import { basePath, baseRoutePath } from 'hono/route'

/** Where the routes of a sub-app are as the client sees them, and what of the path follows. */
export function placeOf(c: Context): { mount: string; rest: string } {
  const pattern = baseRoutePath(c)
  const base = /[:*]/.test(pattern) ? basePath(c) : pattern
  const { path } = c.req
  const mount = path.slice(0, base.replace(/\/$/, '').length)
  // Hono's path is decoded, all but the escapes of what divides a URL.
  return { mount: encodeURI(mount).replaceAll('%25', '%'), rest: path.slice(mount.length) }
}
