import { type Body, type BodyStream, type JsonObject, type StoredRequest, sizeOf } from '@respond-async/core'
import { rebuildRequest } from '@respond-async/core/fetch'
import { OwnRequest } from './own-request'
import type { WorkersSubmission } from './submission'

/**
 * Makes the handler's own request from the live one and its body, with the properties that the router and earlier middleware have set.
 *
 * Built from its parts, because `AutoRouter` and `withParams` pass a Proxy: `new Request(url, proxy)` fails, and reading a property that
 * is `null` throws.
 */
export function detachedRequest<R extends Request>(
  { native, url, method, headers }: WorkersSubmission<R>,
  body: Body | BodyStream | null,
): R {
  const request = new OwnRequest(url, { method, headers, cf: native.cf }, body)
  for (const name of Object.keys(native)) if (name !== 'proxy') put(request, name, ownValue(native, name))
  return shortcuts<R>(request, ownValue(native, 'params'))
}

/** Rebuilds the stored request as a router would pass it: with `params`, `query` and `route`, and with what `carry` returned. */
export function rebuiltRequest<R extends Request>(stored: StoredRequest | null, body: Body | BodyStream | null): R {
  const { url, method, headers } = rebuildRequest(stored, null)
  if (body !== null) headers.set('content-length', `${sizeOf(body)}`) // not stored, and a stream does not show it
  const request = new OwnRequest(url, { method, headers }, body)
  const { params = {}, ...notes } = stored?.context ?? {}
  const properties = { params, query: queryOf(url), ...notes, ...stored?.carry }
  for (const [name, value] of Object.entries(properties)) put(request, name, value)
  return shortcuts<R>(request, params)
}

/** What only the router knows of the live request, for a replay. */
export function routerNotes(live: Request): JsonObject | undefined {
  const route = ownValue(live, 'route')
  return route === undefined ? undefined : ({ params: { ...(ownValue(live, 'params') as object) }, route } as JsonObject)
}

function ownValue(live: Request, name: string): unknown {
  const own = Reflect.getOwnPropertyDescriptor(live, name)
  return own?.get ? own.get.call(live) : own?.value
}

/** Sets a property. Assignment is cheaper, but fails for properties that a request has itself. */
function put(request: Request, name: string, value: unknown): void {
  if (name in request) Object.defineProperty(request, name, { value, enumerable: true, configurable: true, writable: true })
  else Reflect.set(request, name, value)
}

/** Adds `request.id` for `request.params.id` and so on, as `withParams` does; properties of the request take precedence. */
function shortcuts<R extends Request>(request: Request, params: unknown): R {
  for (const name in Object(params))
    if (!(name in request)) Object.defineProperty(request, name, { value: Object(params)[name], configurable: true, writable: true })
  return request as R // has the properties of the router's request
}

/** The query as itty-router parses it: a list for a parameter that occurs more than once. */
function queryOf(url: string): Record<string, string | string[]> {
  const query: Record<string, string | string[]> = Object.create(null)
  for (const [name, value] of new URL(url).searchParams) query[name] = query[name] === undefined ? value : [query[name], value].flat()
  return query
}
