/** The members of a status document that audits look at. Not validated. */
export interface StatusDocument {
  readonly id: string
  readonly operation: string
  readonly status: string
  readonly createdAt: string
  readonly lastUpdatedAt: string
  readonly percentComplete?: number
  readonly message?: string
  readonly attempt?: number
  readonly retryAfterMs?: number
  readonly cancelRequestedAt?: string
  readonly resourceLocation?: string
  readonly result?: unknown
  readonly error?: Problem
  readonly links: Readonly<Partial<Record<'result' | 'stream' | 'events' | 'cancel', string>>> & { readonly self: string }
  readonly [member: string]: unknown
}

export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: string
  readonly detail?: string
  readonly message?: string
}

/** A response, read to its end. */
export interface Reply {
  /** Method and URL of the request, `GET /jobs/1`, for error messages. */
  readonly asked: string
  readonly status: number
  readonly headers: Headers
  readonly bytes: Uint8Array
  readonly text: string
  /** The body as a status document. @throws {Error} if it is not a JSON object */
  document(): StatusDocument
  /** The body as a problem document. @throws {Error} if it is not a JSON object */
  problem(): Problem
  json(): Record<string, unknown>
}

/** @param heard called with each piece of the body, with the number of bytes so far */
export async function readReply(asked: string, response: Response, heard?: (size: number) => void): Promise<Reply> {
  const bytes = new Uint8Array(await (heard ? listenedTo(response, heard) : response).arrayBuffer())
  const text = new TextDecoder().decode(bytes)
  const json = (): Record<string, unknown> => {
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch (cause) {
      throw new Error(`${asked} answered ${response.status} with a body that is not JSON: ${excerpt(text)}`, { cause })
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new Error(`${asked} answered ${response.status} with JSON that is no object: ${excerpt(text)}`)
    return value as Record<string, unknown> // an object, by the line above
  }
  return {
    ...{ asked, status: response.status, headers: response.headers, bytes, text, json },
    // Not validated: each audit checks the members that it is about.
    document: () => json() as unknown as StatusDocument,
    problem: () => json() as unknown as Problem,
  }
}

/** The same response; calls `heard` as it is read. */
function listenedTo(response: Response, heard: (size: number) => void): Response {
  let size = 0
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(piece, to) {
      size += piece.length
      heard(size)
      to.enqueue(piece)
    },
  })
  return new Response(response.body?.pipeThrough(counter))
}

/** Why there was no answer: what lies behind `fetch failed`. */
export function reasonOf(error: unknown): string {
  const { message, cause } = error instanceof Error ? error : { message: String(error), cause: undefined }
  // Of several addresses none has answered: an AggregateError, which has no text.
  return cause instanceof Error ? cause.message || String(Object(cause).code) : message
}

export const excerpt = (text: string): string => JSON.stringify(text.length > 120 ? `${text.slice(0, 120)}…` : text)
