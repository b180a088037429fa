import { pathOf } from '@respond-async/core'

/** Where the job routes are, and what of the path follows it. */
export interface Place {
  readonly mount: string
  readonly rest: string
}

/**
 * Finds out where a request came in: on itty-router from the route it matched (`/api/jobs/*`, the router's base included),
 * otherwise at `path`.
 */
export function mountFinder(path: string): (request: Request & { readonly route?: unknown }) => Place | undefined {
  return (request) => {
    const [pathname = ''] = pathOf(request.url).split(/[?#]/, 1)
    const { route } = request
    const end = typeof route === 'string' && route.length > 2 && route.endsWith('/*') ? endOf(route, pathname) : path.length
    const mount = pathname.slice(0, end)
    if (end === path.length && typeof route !== 'string' && mount !== path) return undefined
    return pathname.length === end || pathname[end] === '/' ? { mount, rest: pathname.slice(end) } : undefined
  }
}
