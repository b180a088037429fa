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

/** The part of a Web `Request` from which its body is read. */
export type BodySource = Pick<Request, 'method' | 'headers' | 'body' | 'bodyUsed' | 'arrayBuffer'>

/** A Web request that may become a job. The handler gets a request of its own (see `detachRequest`), with the body that was read before. */
export interface WebSubmission extends Submission<Request> {
  readonly body: Body | null
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
    body: null as Body | null,
    headerFields: () => fieldsOf(request.headers),
    context: () => undefined, // the stored request has all that a replay needs
    async readBody(limit: number, wanted: boolean, large?: BodySink) {
      taken.body = await readBody(request, limit, wanted, large)
      return taken.body
    },
  }
  return taken
}

/**
 * All header fields by lower-case name, `set-cookie` as a list. Several `cookie` fields of a request are joined by `Headers`, as RFC 9113
 * 8.2.3 requires.
 */
export function fieldsOf(headers: Headers): Record<string, string | string[]> {
  const fields: Record<string, string | string[]> = {}
  headers.forEach((value, name) => {
    fields[name] = name === 'set-cookie' ? headers.getSetCookie() : value
  })
  return fields
}

/**
 * Reads a request body to its end, as bytes, since it may not be UTF-8. `null`: there is none, or it has been read before and is not
 * `wanted`, or it is large and was written to `large`.
 *
 * @throws {JobsError} `body_too_large` above `limit` bytes, without reading on; `body_unreadable` if it breaks off;
 *   `invalid_input` if it is wanted but has been read before
 */
export async function readBody(request: BodySource, limit: number, wanted: boolean, large?: BodySink): Promise<Uint8Array | null> {
  if (request.method === 'GET' || request.method === 'HEAD') return null
  const announced = request.headers.get('content-length')
  const length = Number(announced)
  if (length > limit) throw bodyTooLarge(limit)
  if (announced === '0') return null
  if (request.bodyUsed) {
    if (!wanted) return null
    throw new JobsError('invalid_input', 'The body was read before: let middleware read request.clone().')
  }
  try {
    // A server cuts a body off at its declared length, so a small one may be read at once; one of unknown length is counted as it comes.
    const bytes =
      announced && length <= (large?.after ?? limit)
        ? new Uint8Array(await request.arrayBuffer())
        : request.body && (await readStream(request.body, limit, bodyTooLarge, large))
    if (!bytes?.length) return null
    if (bytes.length > limit) throw bodyTooLarge(limit)
    return bytes
  } catch (cause) {
    throw isJobsError(cause) ? cause : new JobsError('body_unreadable', 'The request body broke off.', { cause })
  }
}

/**
 * Reads a stream to its end; above `limit` bytes it is canceled and `tooMuch(limit)` thrown. `null`: the body was large or, with a
 * `head`, took a while, and all of it was written to `large`.
 *
 * @param onCut see `Execution.onCut`: the stream is then canceled
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
  // Not waited for, and an error of the sender changes nothing.
  const leave = (reason?: unknown) => reader.cancel(reason).catch(() => {})
  onCut?.(leave)
  const chunks: Uint8Array[] = []
  let size = 0
  let after = large?.after ?? limit // never exceeded
  // Only a sink for a response has `begin`, and a response has a head.
  large?.begin?.(head as () => ResponseHead, () => {
    after = -1
    return chunks.splice(0)
  })
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    const piece = bytesOf(value) // some servers accept streams of strings
    size += piece.length
    chunks.push(piece)
    // A body that comes byte by byte would take a hundred times its size if each piece were kept.
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
