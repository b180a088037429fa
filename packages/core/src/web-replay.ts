import { type Body, type BodyStream, bytesOf, isStream, type StoredRequest, sizeOf } from '@respond-async/core'
import { type Content, headersOf, sizedStream } from './web-answer'

/**
 * The handler's own request: method, URL, header fields and body of the live one, without the client's signal, because the client
 * leaves after the 202. Properties that earlier middleware set on the live one (`params`, `user`) are copied.
 */
export function detachRequest(live: Request, body: Body | BodyStream | null, headers = new Headers(live.headers)): Request {
  const request = newRequest(live.url, live.method, headers, body, live)
  // Also what platforms add: Workers `cf`, Bun `params` and `cookies`.
  for (const name of [...Object.keys(live).filter((own) => !(own in request)), 'cf', 'params', 'cookies'])
    if (name in live)
      Object.defineProperty(request, name, { value: live[name as keyof Request], enumerable: true, configurable: true, writable: true })
  return request
}

/** The stored request as a `Request`; `null`: the job was not made over HTTP. A path without a host gets `http://localhost`. */
export function rebuildRequest(stored: StoredRequest | null, body: Body | BodyStream | null): Request {
  const { method = 'POST', url = '/', headers = {} }: Partial<StoredRequest> = stored ?? {}
  const fields = headersOf(headers)
  if (body !== null) fields.set('content-length', `${sizeOf(body)}`) // not stored, and a stream does not show it
  return newRequest(new URL(url, 'http://localhost'), method, fields, body)
}

/** A body as init of a `Request`. */
export function contentInit(body: Body | BodyStream | null): { body: Content | null; duplex?: 'half' } {
  if (isStream(body)) return { body: sizedStream(body), duplex: 'half' }
  // Not as text, which would set a media type. Bodies are never in shared memory.
  return { body: body === null ? null : (bytesOf(body) as Content) }
}

/** Makes a request of the class of `like` if possible, so that a `NextRequest` stays one; otherwise a plain `Request`. */
function newRequest(url: string | URL, method: string, headers: Headers, body: Body | BodyStream | null, like: object = {}): Request {
  const init = { method, headers, ...contentInit(body) }
  // Not `like.constructor`: Next.js passes a Proxy, which binds every function that is read from it.
  const Class = Object.getPrototypeOf(like).constructor as typeof Request
  try {
    if (Class.prototype instanceof Request) {
      const made = new Class(url, init)
      if (made.method) return made // the class of srvx accepts anything, and its requests fail when they are read
    }
  } catch {
    // Only its platform can construct it.
  }
  return new Request(url, init)
}
