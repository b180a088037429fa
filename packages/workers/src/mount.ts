import { pathOf } from '@respond-async/core'

/** The path at which the job routes are mounted, and the rest of the path. */
export interface Place {
  readonly mount: string
  readonly rest: string
}

/**
 * Finds the mount path of a request: on itty-router from the route that matched (`/api/jobs/*`, including the router's base). Without
 * such a route, or if the route ends before it, the mount path is `mount`, the `path` of `createJobs`.
 */
export function placeOf(request: Request & { readonly route?: unknown; readonly params?: unknown }, mount: string): Place | undefined {
  const [pathname = ''] = pathOf(request.url).split('?', 1)
  const { route, params } = request
  const end = typeof route === 'string' && route.endsWith('/*') ? endOf(withParts(route, params), pathname) : 0
  const isUnder = `${pathname}/`.startsWith(`${mount}/`)
  // The route may be wider than the job routes: `/*`, or `/api/*` for jobs at `/api/jobs`.
  if (isUnder && mount.startsWith(pathname.slice(0, end))) return { mount, rest: pathname.slice(mount.length) }
  return end === 0 ? undefined : { mount: pathname.slice(0, end), rest: pathname.slice(end) }
}

/** The route with optional and multi-segment parameters replaced by what they matched. */
const withParts = (route: string, params: unknown): string =>
  route.replace(/(\/?):(\w+)[+?]+/g, (_, slash, name) => {
    const part = Object(params)[name]
    return part === undefined ? '' : slash + part
  })

/** Where the match of the route before its `*` ends in the path: every segment of the route matches one of the path. */
function endOf(route: string, pathname: string): number {
  let end = 0
  for (let segments = route.split('/').length - 2; segments > 0 && end >= 0; segments--) end = pathname.indexOf('/', end + 1)
  return end < 0 ? pathname.length : end
}
