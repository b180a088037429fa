import { headersOf, must } from './options'

/** The `init` of `submit`: as for `fetch`, for each request for the job to this origin, and `json` as an alternative to `body`. */
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
 * the request with the same `Idempotency-Key`. Streams stay streams, which can be sent once, where `fetch` sends them.
 */
export async function pack(input: string | URL | Request, init: SubmitInit): Promise<Packed> {
  const request = input instanceof Request ? input : undefined
  const headers = headersOf(init.headers ?? request?.headers)
  const method = (init.method ?? request?.method ?? 'POST').toUpperCase()
  const { json, body } = init
  if (json !== undefined) {
    must('body', body === undefined || body === null, 'left out with `json`')
    if (!headers.has('content-type')) headers.set('content-type', 'application/json')
    return { method, headers, body: JSON.stringify(json), isRepeatable: true }
  }
  if (body === undefined || body === null) {
    // Firefox has no `request.body`.
    const own = body === undefined && (await request?.arrayBuffer())
    return { method, headers, body: own && own.byteLength > 0 ? own : null, isRepeatable: true }
  }
  const isStream = body instanceof ReadableStream
  if (isStream && sendsStreams()) return { method, headers, body, isRepeatable: false }
  const encoded = new Response(body)
  const type = encoded.headers.get('content-type')
  if (type !== null && !headers.has('content-type')) headers.set('content-type', type)
  const isRepeatable = !(Symbol.asyncIterator in Object(body))
  return { method, headers, body: isStream || body instanceof FormData ? await encoded.arrayBuffer() : body, isRepeatable }
}

/** Not in Firefox, which sends "[object ReadableStream]": it takes the stream for a text, and says so in the type. */
const sendsStreams = (): boolean => {
  const init: RequestInit & { duplex: 'half' } = { method: 'POST', body: new ReadableStream(), duplex: 'half' }
  return !new Request('http://a', init).headers.has('content-type')
}
