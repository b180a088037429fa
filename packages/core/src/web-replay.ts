import { type Body, type BodyStream, bytesOf, isStream, type StoredRequest, sizeOf } from '@respond-async/core'
import { type Content, headersOf, sizedStream } from './web-answer'

/**
 * A request for the handler alone: same method, URL, fields and body as the live one, without the client's signal, because the
 * client leaves after the 202. What earlier middleware hung on the live one (`params`, `user`) comes along.
 */
export function detachRequest(live: Request, body: Body | BodyStream | null, headers = new Headers(live.headers)): Request {
  const request = newRequest(live.url, live.method, headers, body, live)
  // And what platforms add to their requests: Workers `cf`, Bun `params` and `cookies`.
  for (const name of [...Object.keys(live).filter((own) => !(own in request)), 'cf', 'params', 'cookies'])
    if (name in live)
      Object.defineProperty(request, name, { value: live[name as keyof Request], enumerable: true, configurable: true, writable: true })
  return request
}

/** The stored request as a real one; `null`: of a job that did not come over HTTP. A path alone is one of this machine. */
export function rebuildRequest(stored: StoredRequest | null, body: Body | BodyStream | null): Request {
  const { method = 'POST', url = '/', headers = {} }: Partial<StoredRequest> = stored ?? {}
  const fields = headersOf(headers)
  if (body !== null) fields.set('content-length', `${sizeOf(body)}`) // which is not stored, and nobody can see in a stream
  return newRequest(new URL(url, 'http://localhost').href, method, fields, body)
}

/** A body as `Request` takes it. */
export function contentInit(body: Body | BodyStream | null): { body: Content | null; duplex?: 'half' } {
  if (body === null) return { body }
  if (isStream(body)) return { body: sizedStream(body), duplex: 'half' }
  return { body: bytesOf(body) as Content } // a text would bring a media type of its own; bytes of core are never in shared memory
}

/** Of the class that `like` is of, where that is one of requests and can be made: a `NextRequest` stays one. */
function newRequest(url: string, method: string, headers: Headers, body: Body | BodyStream | null, like: object = {}): Request {
  const init = { method, headers, ...contentInit(body) }
  // Not by its own name: Next.js hands out a Proxy, which binds each function that it is asked for.
  const Class = Object.getPrototypeOf(like).constructor as typeof Request
  try {
    if (Class.prototype instanceof Request) {
      const made = new Class(url, init)
      if (made.method) return made // that of srvx makes one of anything, which fails when it is read
    }
  } catch {
    // A class that only its platform can make.
  }
  return new Request(url, init)
}
