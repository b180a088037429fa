import {
  type Body,
  type BodySink,
  bodyTooLarge,
  bytesOf,
  type Execution,
  isJobsError,
  JobsError,
  joined,
  type ResponseHead,
  type Submission,
} from '@respond-async/core'
import { requestScope, type Scope } from './web-scope'

/** What is read of a Web request: a `Request` is one. */
export type BodySource = Pick<Request, 'method' | 'headers' | 'body' | 'bodyUsed' | 'arrayBuffer'>

/** A Web request that may become a job. It ends with the answer: the handler gets one of its own (see `detachRequest`), with the body that was read before. */
export interface WebSubmission extends Submission<Request> {
  readonly body: Body | null
  readonly scope: Scope
}

/** Makes a submission of a Web request. */
export function webSubmission(request: Request): WebSubmission {
  const taken = {
    method: request.method,
    url: request.url,
    headers: request.headers,
    get signal() {
      return request.signal
    },
    native: request,
    scope: requestScope(),
    body: null as Body | null,
    headerFields: () => fieldsOf(request.headers),
    context: () => undefined, // it has all that a replay needs
    async readBody(limit: number, wanted: boolean, large?: BodySink) {
      taken.body = await readBody(request, limit, wanted, large)
      return taken.body
    },
  }
  return taken
}

/**
 * All fields by lower-case name, `set-cookie` as a list. In a request only `cookie` may come in several lines, and `Headers` joins them
 * as RFC 9113 8.2.3 says.
 */
export function fieldsOf(headers: Headers): Record<string, string | string[]> {
  const fields: Record<string, string | string[]> = {}
  headers.forEach((value, name) => {
    fields[name] = name === 'set-cookie' ? headers.getSetCookie() : value
  })
  return fields
}

/**
 * Reads a request body to its end. Bytes, not text: what is no UTF-8 stays what it is. `null`: there is none, or it has been read
 * before and is not `wanted`, or it is large and went to `large`.
 *
 * @throws {JobsError} `body_too_large` above `limit` bytes, without reading on; `body_unreadable` when it breaks off;
 *   `invalid_input` when it is wanted and has been read before.
 */
export async function readBody(request: BodySource, limit: number, wanted: boolean, large?: BodySink): Promise<Uint8Array | null> {
  if (request.method === 'GET' || request.method === 'HEAD') return null
  const announced = request.headers.get('content-length')
  const length = Number(announced)
  if (length > limit) throw bodyTooLarge(limit)
  if (announced === '0') return null
  if (request.bodyUsed) {
    if (!wanted) return null
    throw new JobsError('invalid_input', 'The body has to be stored: let earlier middleware read request.clone().')
  }
  try {
    // A server cuts a body at its announced length, so that may be read at once; one of unknown length is counted as it comes.
    const bytes =
      announced && length <= (large?.after ?? limit)
        ? new Uint8Array(await request.arrayBuffer())
        : request.body && (await readStream(request.body, limit, bodyTooLarge, large))
    if (!bytes?.length) return null
    if (bytes.length > limit) throw bodyTooLarge(limit)
    return bytes
  } catch (cause) {
    throw isJobsError(cause) ? cause : new JobsError('body_unreadable', 'The body broke off.', { cause })
  }
}

/**
 * Reads a stream to its end; above `limit` bytes it is canceled and `tooMuch(limit)` thrown. `null`: it was large or, with a
 * `head`, took its time, and all of it went to `large`.
 *
 * @param onCut tells when nobody waits for it any longer
 */
export async function readStream(
  stream: ReadableStream<Uint8Array>,
  limit: number,
  tooMuch: (limit: number) => Error,
  large?: BodySink,
  head?: () => ResponseHead,
  onCut?: Execution['onCut'],
): Promise<Uint8Array | null> {
  const reader = stream.getReader()
  // The sender need not be waited for, and what it thinks of it changes nothing.
  const leave = (reason?: unknown) => reader.cancel(reason).catch(() => {})
  onCut?.(leave)
  const chunks: Uint8Array[] = []
  let size = 0
  let after = large?.after ?? limit // which nothing passes
  if (head)
    large?.begin?.(head, () => {
      after = -1
      return chunks.splice(0)
    })
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    const piece = bytesOf(value) // some servers send a stream of texts as it is
    size += piece.length
    chunks.push(piece)
    // Sent byte by byte, and kept so, a body would take a hundred times its size.
    if (chunks.length > 1_000 + size / 1_000) chunks.push(await joined(chunks.splice(-1_000)))
    try {
      if (size > limit) throw tooMuch(limit)
      if (size > after) for (const gathered of chunks.splice(0)) await large?.write(gathered)
    } catch (error) {
      leave(error)
      throw error
    }
  }
  if (size > after) return null
  return chunks[0] && !chunks[1] ? chunks[0] : joined(chunks)
}
