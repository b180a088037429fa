import type { EventStream } from './events'
import type { Body, HeaderFields } from './job'
import type { MessageStream } from './sockets'

/** A body that is read as it is sent, in pieces; it may be read once. */
export interface BodyStream extends AsyncIterable<Uint8Array> {
  /** All of it, in bytes. */
  readonly size: number
  /** Bytes `first` to `last` of it, without reading what is before them. */
  part(first: number, last: number): BodyStream
}

/** An HTTP answer as core decides it; an adapter writes it and decides nothing. `null` body: none is sent. */
export interface Answer {
  readonly status: number
  readonly headers: HeaderFields
  readonly body: Body | BodyStream | EventStream | null
  /** Of a 101, which only an adapter gets that can upgrade: what the WebSocket carries. */
  readonly messages?: MessageStream
  /** Of a 101 where the store holds the socket: what `JobStore.connect` gave. */
  readonly held?: unknown
}

/** Sets a field in place of the one that it had in whatever case (RFC 9110 5.1), or takes it away. */
export function setField(
  headers: Record<string, string | readonly string[]>,
  name: string,
  value: string | readonly string[] | null,
): void {
  const plain = name.toLowerCase()
  for (const other in headers) if (other !== name && other.toLowerCase() === plain) delete headers[other]
  if (value === null) delete headers[name]
  else headers[name] = value
}

/** Adds to a field that is a list, in whatever case it is there. */
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

/** Pieces of a body as one. */
export const joined = async (pieces: readonly (ArrayBuffer | Uint8Array)[]): Promise<Uint8Array> =>
  new Uint8Array(await new Blob(pieces as BlobPart[]).arrayBuffer()) // bytes of a body are in no shared memory

/** Where the runtime has it, it counts without making the bytes. */
const { Buffer: native } = globalThis as { readonly Buffer?: { byteLength(text: string): number } }

/** Size of a body in bytes. Lone surrogates count as the U+FFFD that they become. */
export function sizeOf(body: Body | BodyStream): number {
  if (typeof body !== 'string') return isStream(body) ? body.size : body.byteLength
  return native ? native.byteLength(body) : countUtf8(body)
}

/** The same without help. */
export const countUtf8 = (body: string): number => encoder.encode(body).length

/** Stays a stream, because of no body servers say that its length is 0; what is not there yet has none (RFC 9110 8.6). */
const NOTHING: EventStream = {
  open(sink) {
    sink.end()
    return { ready() {}, close() {} }
  },
}

/** Bytes `first` to `last` of a body. */
export const partOf = (body: Body | BodyStream, first: number, last: number): Body | BodyStream =>
  isStream(body) ? body.part(first, last) : bytesOf(body).subarray(first, last + 1)

/** HEAD answers as GET does, without the body (RFC 9110 9.3.2). */
export function forMethod(method: string, answer: Answer): Answer {
  if (method !== 'HEAD' || answer.body === null) return answer
  if (isEvents(answer.body)) return { ...answer, body: NOTHING }
  return { ...answer, headers: { ...answer.headers, 'Content-Length': `${sizeOf(answer.body)}` }, body: null }
}
