import { ClientError } from './errors'

/** The `init` of `submit`: as for `fetch`, and `json` as an alternative to `body`. */
export interface SubmitInit extends Omit<RequestInit, 'redirect' | 'integrity'> {
  /** Sent as `application/json`. */
  json?: unknown
}

/** A request that is ready to be sent. */
export interface Packed {
  readonly method: string
  readonly headers: Headers
  readonly body: BodyInit | null
  /** Whether the body can be sent more than once. */
  readonly isRepeatable: boolean
}

/**
 * Makes a request that is the same at every try. A form is encoded once, because it would get a new boundary each time and so differ from
 * the request with the same `Idempotency-Key`. Streams stay streams, which can be sent once.
 */
export async function pack(input: string | URL | Request, init: SubmitInit): Promise<Packed> {
  const request = input instanceof Request ? input : undefined
  const headers = new Headers(init.headers ?? request?.headers)
  const method = (init.method ?? request?.method ?? 'POST').toUpperCase()
  if (init.json !== undefined) {
    if (init.body !== undefined && init.body !== null) throw new ClientError('invalid_option', 'Give `json` or `body`, not both.')
    if (!headers.has('content-type')) headers.set('content-type', 'application/json')
    return { method, headers, body: JSON.stringify(init.json), isRepeatable: true }
  }
  if (init.body instanceof ReadableStream) return { method, headers, body: init.body, isRepeatable: false }
  if (init.body === undefined || init.body === null) {
    // Firefox has no `request.body`.
    const body = init.body === undefined && (await request?.arrayBuffer())
    return { method, headers, body: body && body.byteLength > 0 ? body : null, isRepeatable: true }
  }
  const made = new Response(init.body)
  const type = made.headers.get('content-type')
  if (type !== null && !headers.has('content-type')) headers.set('content-type', type)
  const body = init.body instanceof FormData ? await made.arrayBuffer() : init.body
  const isKnown = typeof body === 'string' || body instanceof Blob || body instanceof ArrayBuffer || ArrayBuffer.isView(body)
  return { method, headers, body, isRepeatable: isKnown || body instanceof URLSearchParams }
}
