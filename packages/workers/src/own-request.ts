import type { Body, JobHandle, JsonObject, StoredRequest } from '@respond-async/core'
import { rebuildRequest } from '@respond-async/core/fetch'

/**
 * The handler's own request, made of the live one and its body. `AutoRouter` and `withParams` hand over a Proxy: `new Request(url,
 * proxy)` fails, and reading a property of it that is null throws. So it is made of parts, and properties are taken by descriptor.
 */
export function handlerRequest<R extends Request>(live: R, body: Body | null): R {
  const { url, method, headers } = live
  const request = new Request(url, { method, headers, body, cf: ownOf(live, 'cf') ?? undefined })
  for (const name of Object.keys(live)) if (name !== 'proxy' && !(name in Request.prototype)) put(request, name, ownOf(live, name))
  return withShortcuts(request) as R // the router's request is a Request with just these properties
}

/** The stored request as the router would hand it over: with `params`, `query` and `route`, and what `carry` kept. */
export function replayRequest<R extends Request>(stored: StoredRequest | null, body: Body | null): R {
  const request = rebuildRequest(stored ?? NOTHING, body)
  ...
}
