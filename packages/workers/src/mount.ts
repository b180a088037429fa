import { pathOf } from '@respond-async/core'

/** Where the job routes are, and what of the path follows. */
export interface Place {
  readonly mount: string
  readonly rest: string
}

/**
 * Finds where a request came in: on itty-router from the route that matched (`/api/jobs/*`, the router's base included), otherwise,
 * and below a route that ends before it, at `mount`, which is where `createJobs` says that clients see them.
 */
export function placeOf(request: Request & { readonly route?: unknown; readonly params?: unknown }, mount: string): Place | undefined {
  const [pathname = ''] = pathOf(request.url).split('?', 1)
  const { route, params } = request
  const end = typeof route === 'string' && route.endsWith('/*') ? endOf(withParts(route, params), pathname) : 0
  const isUnder = `${pathname}/`.startsWith(`${mount}/`)
  // A route may take other requests, too: `/*`, or `/api/*` where the jobs are at `/api/jobs`.
  if (isUnder && (end === 0 || mount.startsWith(`${pathname.slice(0, end)}/`))) return { mount, rest: pathname.slice(mount.length) }
  return end === 0 ? undefined : { mount: pathname.slice(0, end), rest: pathname.slice(end) }
}

/** What optional parameters and those of several segments took, in their place: nothing, or all of it. */
const withParts = (route: string, params: unknown): string =>
  route.replace(/(\/?):(\w+)[+?]+/g, (_, slash, name) => {
    const part = Object(params)[name]
    return part === undefined ? '' : slash + part
  })

/** A route has as many segments as the path that it matched, until its `*`: parameters take one each. */
function endOf(route: string, pathname: string): number {
  let end = 0
  for (let segments = route.split('/').length - 2; segments > 0 && end >= 0; segments--) end = pathname.indexOf('/', end + 1)
  return end < 0 ? pathname.length : end
}
