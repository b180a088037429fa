import { type Deadline, within } from './clock'

/** Largest status document, in bytes. A larger body is a result, and stays a stream. */
const LARGEST_DOCUMENT = 4_194_304

/** A response whose body has been read, in case it is a status document. */
export interface ReadBody {
  /** The parsed JSON; `undefined` if there is none. */
  readonly json: unknown
  /** The response, with its whole body still to be read. */
  readonly response: Response
}

/** Reads a body that may be a JSON object, even of another media type: some servers send status documents as text/html. */
export async function readBody(response: Response): Promise<ReadBody> {
  const type = response.headers.get('content-type')?.toLowerCase() ?? ''
  const nothing = { json: undefined, response }
  if (!response.body || (type !== '' && !/json|^text\/|octet-stream/.test(type))) return nothing
  const reader = response.body.getReader()
  const chunks: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    chunks.push(value)
    size += value.length
    if (size > LARGEST_DOCUMENT || !maybeObject(chunks)) return { json: undefined, response: again(response, chunks, reader) }
  }
  const whole = again(response, chunks)
  return { json: parsed(await whole.clone().text()), response: whole }
}

function maybeObject([first]: readonly Uint8Array[]): boolean {
  const start = new TextDecoder().decode(first?.subarray(0, 64)).trimStart()
  return start === '' || start.startsWith('{')
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // not JSON
  }
}

/** Restores a response of which these chunks have been read. */
function again(response: Response, chunks: readonly Uint8Array[], rest?: ReadableStreamDefaultReader<Uint8Array>): Response {
  const { status, statusText } = response
  const headers = new Headers(response.headers)
  if (headers.has('content-encoding')) for (const name of ['content-encoding', 'content-length']) headers.delete(name)
  let at = 0
  const body = streamOf(
    async () => chunks[at++] ?? (await rest?.read())?.value,
    async (reason) => rest?.cancel(reason),
  )
  const empty = chunks.length === 0 && !rest
  return withUrl(response.url, new Response(empty ? null : body, { status, statusText, headers }))
}

/** The response with a body that is read within the deadline of its job. */
export function bounded(response: Response, deadline: Deadline): Response {
  if (!response.body || deadline.isOpen) return response
  const reader = response.body.getReader()
  const cancel = (reason: unknown) => reader.cancel(reason)
  const body = streamOf(async () => {
    try {
      return (await within(deadline.scope(), () => reader.read())).value
    } catch (error) {
      cancel(error).catch(() => {}) // releases the connection
      throw error
    }
  }, cancel)
  return withUrl(response.url, new Response(body, response))
}

const streamOf = (next: () => Promise<Uint8Array | undefined>, cancel: (reason: unknown) => Promise<void> | undefined) =>
  new ReadableStream<Uint8Array>({
    async pull(controller) {
      const chunk = await next()
      if (chunk) controller.enqueue(chunk)
      else controller.close()
    },
    cancel,
  })

/** Sets the URL of a response that was made here. */
export const withUrl = (url: string, response: Response): Response => Object.defineProperty(response, 'url', { value: url })

/** Cancels a body that nobody will read, which frees its connection. */
export const drop = (response: Response): void => void response.body?.cancel().catch(() => {})
