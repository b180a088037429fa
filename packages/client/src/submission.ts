import { ClientError } from './errors'

/** What is sent to begin a job: as `fetch` takes it, and a JSON value in the place of a body. */
export interface SubmitInit extends Omit<RequestInit, 'redirect' | 'integrity'> {
  /** Sent as `application/json`. */
  json?: unknown
}

/** A request as it can be sent, once or again. */
export interface Packed {
  readonly method: string
  readonly headers: Headers
  readonly body: BodyInit | null
  /** Whether the body can be sent more than once. */
  readonly isRepeatable: boolean
}

/**
 * Makes bytes of what would be others at a second sending: a form gets a new boundary each time, and a server that keeps an
 * `Idempotency-Key` takes it for another request. Streams stay streams: they are sent once.
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
    // Firefox does not say whether a request has a body.
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
