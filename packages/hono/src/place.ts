import type { Context } from 'hono'
import { basePath } from 'hono/route'

/** The path at which the sub-app is mounted, as the client sees it, and the rest of the path. */
export function placeOf(c: Context): { mount: string; rest: string } {
  const { path } = c.req
  const mount = path.slice(0, basePath(c).replace(/\/$/, '').length)
  // Hono's path is decoded, except for escaped URL delimiters.
  return { mount: encodeURI(mount).replaceAll('%25', '%'), rest: path.slice(mount.length) }
}
