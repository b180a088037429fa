import type { Body, BodyStream, JsonObject, StoredRequest } from '@respond-async/core'
import { sizeOf } from '@respond-async/core'
import { rebuildRequest } from '@respond-async/core/fetch'
import { OwnRequest } from './own-request'
import type { WorkersSubmission } from './submission'

/**
 * The handler's own request, made of the live one and the body that was read from it, with what the router and earlier middleware
 * had put on that.
 *
 * `AutoRouter` and `withParams` hand over a Proxy: `new Request(url, proxy)` fails on it, and reading a property that is null
 * throws. So it is made of parts.
 */
export function detachedRequest<R extends Request>(
  { native, url, method, headers }: WorkersSubmission<R>,
  body: Body | BodyStream | null,
): R {
  const { cf } = native
  const request = new OwnRequest(url, cf ? { method, headers, cf } : { method, headers }, body)
  for (const name of Object.keys(native)) if (name !== 'proxy' && name !== 'job') put(request, name, ownValue(native, name))
  return shortcuts<R>(request, ownValue(native, 'params'))
}

/** The stored request as a router would hand it over: `params`, `query`, `route`, and what `carry` kept. */
export function rebuiltRequest<R extends Request>(stored: StoredRequest | null, body: Body | BodyStream | null): R {
  const { url, method, headers } = rebuildRequest(stored, null)
  if (body !== null) headers.set('content-length', `${sizeOf(body)}`) // which is not stored, and nobody can see in a stream
  const request = new OwnRequest(url, { method, headers }, body)
  const { params = {}, ...notes } = stored?.context ?? {}
  const properties = { params, query: queryOf(url), ...notes, ...stored?.carry }
  for (const [name, value] of Object.entries(properties)) put(request, name, value)
  return shortcuts<R>(request, params)
}

/** What of the live request only the router knows, for a replay. */
export function routerNotes(live: Request): JsonObject | undefined {
  const route = ownValue(live, 'route')
  return route === undefined ? undefined : ({ params: { ...(ownValue(live, 'params') as object) }, route } as JsonObject)
}

function ownValue(live: Request, name: string): unknown {
  const own = Reflect.getOwnPropertyDescriptor(live, name)
  return own?.get ? own.get.call(live) : own?.value
}

/** An assignment would fail on what a request has by itself, and costs less. */
function put(request: Request, name: string, value: unknown): void {
  if (name in request) Object.defineProperty(request, name, { value, enumerable: true, configurable: true, writable: true })
  else Reflect.set(request, name, value)
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
