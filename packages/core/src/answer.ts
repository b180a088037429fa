import type { EventStream } from './events'
import type { Body, HeaderFields } from './job'
import type { MessageStream } from './sockets'

/** A large body, read in pieces while it is sent. It can be read once. */
export interface BodyStream extends AsyncIterable<Uint8Array> {
  /** Size of the whole body, in bytes. */
  readonly size: number
  /** Bytes `first` to `last` (inclusive), without reading what is before them. */
  part(first: number, last: number): BodyStream
}

/** The HTTP answer to a request, decided by core and written by the adapter. `body: null`: no body is sent. */
export interface Answer {
  readonly status: number
  readonly headers: HeaderFields
  readonly body: Body | BodyStream | EventStream | null
  /** With a 101, which only adapters that can upgrade get: the messages to send on the WebSocket. */
  readonly messages?: MessageStream
  /** With a 101 for a socket that the store holds: what `JobStore.connect` returned. */
  readonly held?: unknown
}

/** Sets or, with `null`, removes a header field, whose name is case-insensitive (RFC 9110 5.1). */
export function setField(
  headers: Record<string, string | readonly string[]>,
  name: string,
  value: string | readonly string[] | null,
): void {
  const plain = name.toLowerCase()
  for (const other in headers) if (other.toLowerCase() === plain) delete headers[other]
  if (value !== null) headers[name] = value
}

/** Appends to a list field, whose name is case-insensitive. */
export function addToField(headers: Record<string, string | readonly string[]>, name: string, value: string): void {
  const plain = name.toLowerCase()
  let all = value
  for (const other in headers) if (other.toLowerCase() === plain && headers[other]) all = `${headers[other]}, ${value}`
  setField(headers, name, all)
}

export const JSON_TYPE = 'application/json'

export const isStream = (body: Answer['body']): body is BodyStream => typeof body === 'object' && body !== null && 'part' in body
export const isEvents = (body: Answer['body']): body is EventStream => typeof body === 'object' && body !== null && 'open' in body

const encoder = new TextEncoder()
/** The bytes of a body as they go on the wire. */
export const bytesOf = (body: Body): Uint8Array => (typeof body === 'string' ? encoder.encode(body) : body)

/** Concatenates the pieces of a body. */
export const joined = async (pieces: readonly (ArrayBuffer | Uint8Array)[]): Promise<Uint8Array> =>
  new Uint8Array(await new Blob(pieces as BlobPart[]).arrayBuffer()) // bodies are never in shared memory

/** If the runtime has `Buffer`, it counts without encoding. */
const { Buffer: native } = globalThis as { readonly Buffer?: { byteLength(text: string): number } }

/** Size of a body in bytes. A lone surrogate counts as the U+FFFD that it is sent as. */
export function sizeOf(body: Body | BodyStream): number {
  if (typeof body !== 'string') return isStream(body) ? body.size : body.byteLength
  return native ? native.byteLength(body) : countUtf8(body)
}

/** UTF-8 length of a text without `Buffer`. */
export const countUtf8 = (body: string): number => encoder.encode(body).length

/** Bytes `first` to `last` (inclusive) of a body. */
export const partOf = (body: Body | BodyStream, first: number, last: number): Body | BodyStream =>
  isStream(body) ? body.part(first, last) : bytesOf(body).subarray(first, last + 1)

/** An empty stream and not `null`, for which servers send `Content-Length: 0`: the length of this body is unknown (RFC 9110 8.6). */
const NOTHING: EventStream = {
  open(sink) {
    sink.end()
    return { ready() {}, close() {} }
  },
}

/** HEAD answers as GET does, without the body (RFC 9110 9.3.2). */
export function forMethod(method: string, answer: Answer): Answer {
  if (method !== 'HEAD' || answer.body === null) return answer
  if (isEvents(answer.body)) return { ...answer, body: NOTHING }
  return { ...answer, headers: { ...answer.headers, 'Content-Length': `${sizeOf(answer.body)}` }, body: null }
}
