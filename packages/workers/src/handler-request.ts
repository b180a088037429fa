import type { Body, JsonObject, StoredRequest } from '@respond-async/core'
import { OwnRequest } from './own-request'

/**
 * The handler's own request, made of the live one and the body that was read from it, with what the router and earlier middleware
 * had put on that.
 *
 * `AutoRouter` and `withParams` hand over a Proxy: `new Request(url, proxy)` fails on it, and reading a property that is null
 * throws. So it is made of parts, and its own properties are taken by descriptor.
 */
export function detachedRequest<R extends Request>(live: R, body: Body | null): R {
  const { url, method, headers, cf } = live
  const request = new OwnRequest(url, { method, headers, cf }, body)
  for (const name of Object.keys(live)) if (name !== 'proxy' && name !== 'job') put(request, name, ownValue(live, name))
  return shortcuts<R>(request, ownValue(live, 'params'))
}

/** The stored request as a router would hand it over: `params`, `query`, `route`, and what `carry` kept. */
export function rebuiltRequest<R extends Request>(stored: StoredRequest | null, body: Body | null): R {
  const { method, url, headers, context, carry } = stored ?? NOTHING
  const fields = new Headers()
  for (const [name, values] of Object.entries(headers)) for (const value of [values].flat()) fields.append(name, value)
  const request = new OwnRequest(new URL(url, 'http://localhost').href, { method, headers: fields }, body)
  const { params = {}, ...notes } = context ?? {}
  const properties = { params, query: queryOf(request.url), ...notes, ...carry }
  for (const [name, value] of Object.entries(properties)) put(request, name, value)
  return shortcuts<R>(request, params)
}

/** What of the live request only the router knows, for a replay. */
export function routerNotes(live: Request): JsonObject | undefined {
  const route = ownValue(live, 'route')
  return route === undefined ? undefined : ({ params: { ...(ownValue(live, 'params') as object) }, route } as JsonObject)
}

/** What a job without a stored request is run with: it cannot be one that came over HTTP. */
const NOTHING: StoredRequest = { method: 'POST', url: '/', headers: {} }

const ownValue = (live: Request, name: string): unknown => Reflect.getOwnPropertyDescriptor(live, name)?.value

function put(request: Request, name: string, value: unknown): void {
  Object.defineProperty(request, name, { value, enumerable: true, configurable: true, writable: true })
}

/** `request.id` for `request.params.id`, as `withParams` has it: what a request has of its own comes first. */
function shortcuts<R extends Request>(request: Request, params: unknown): R {
  for (const name in Object(params))
    if (!(name in request)) Object.defineProperty(request, name, { value: Object(params)[name], configurable: true, writable: true })
  return request as R // with all that made the router's request one
}

/** The query as itty-router gives it: a list where a parameter comes more than once. */
function queryOf(url: string): Record<string, string | string[]> {
  const query: Record<string, string | string[]> = Object.create(null)
  for (const [name, value] of new URL(url).searchParams) query[name] = query[name] === undefined ? value : [query[name], value].flat()
  return query
}
