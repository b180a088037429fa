import { drop } from './body'
import { ClientError } from './errors'
import { httpUrl } from './links'

/** The part of `fetch` that the client uses. */
export type Fetch = (input: string, init?: RequestInit) => Promise<Response>

/** Header fields that may be credentials: sent only to the origin that they were given for. */
export interface Credentials {
  readonly origin: string
  readonly headers: () => Promise<Headers>
}

interface Message {
  readonly method: string
  readonly url: string
  /** Header fields of the protocol itself, without credentials. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: BodyInit | null
  readonly signal: AbortSignal
  /** Whether to return a 303 instead of following it. */
  readonly stopsAt303?: boolean
}

export interface Sent {
  readonly response: Response
  /** The URL of the response. */
  readonly url: string
}

export type Send = (message: Message) => Promise<Sent>

const REDIRECTS = [301, 302, 303, 307, 308]
const MOST_REDIRECTS = 10

/**
 * Makes a function that sends requests and follows redirects itself: `fetch` would send all header fields but `Authorization` to another
 * origin.
 *
 * @param settings for every request to an origin that the caller named
 *
 * Browsers do not tell where a redirect leads. There `fetch` follows it, with `Authorization` only, which the browser removes by itself.
 */
export function sender(fetch: Fetch, credentials: readonly Credentials[], settings: RequestInit): Send {
  return async ({ headers: own, signal, stopsAt303, ...first }) => {
    let { method, url, body = null } = first
    for (let hops = 0; hops <= MOST_REDIRECTS; hops++) {
      const { origin } = new URL(url)
      const mine = credentials.filter((one) => one.origin === origin)
      const headers = new Headers()
      for (const one of mine) for (const [name, value] of await one.headers()) headers.set(name, value)
      for (const [name, value] of Object.entries(own)) headers.set(name, value)
      if (body === null) for (const name of BODY_FIELDS) headers.delete(name)
      // `duplex` is needed for a stream, and means nothing without one. The DOM's types do not have it.
      const init: RequestInit & { readonly duplex: 'half' } = {
        ...(mine.length > 0 && settings),
        ...{ method, headers, body, signal, redirect: 'manual', duplex: 'half' },
      }
      const response = await fetch(url, init)
      if (response.type === 'opaqueredirect') return openRedirect(fetch, url, init, own)
      const location = REDIRECTS.includes(response.status) ? response.headers.get('location') : null
      if (location === null || (stopsAt303 && response.status === 303)) return { response, url }
      const next = httpUrl(location, url)
      drop(response)
      if (!next) throw new ClientError('too_many_redirects', `${url} redirects to what is no address: ${location}`)
      const keeps = response.status > 303 // 307 and 308 (RFC 9110 15.4)
      if (keeps && body instanceof ReadableStream)
        throw new ClientError('too_many_redirects', `${url} redirects a request whose body cannot be sent again.`)
      if (!keeps && method !== 'GET' && method !== 'HEAD') [method, body] = ['GET', null]
      url = next
    }
    throw new ClientError('too_many_redirects', `More than ${MOST_REDIRECTS} redirects from ${first.url}`)
  }
}

const BODY_FIELDS = ['content-type', 'content-length', 'content-encoding', 'content-language']

async function openRedirect(fetch: Fetch, url: string, init: RequestInit, own: Readonly<Record<string, string>>): Promise<Sent> {
  const headers = new Headers(own)
  const authorization = new Headers(init.headers).get('authorization')
  if (authorization !== null) headers.set('authorization', authorization)
  const response = await fetch(url, { ...init, headers, redirect: 'follow' })
  return { response, url: response.url || url }
}
