import { drop, from } from './body'
import { orAborted, scope, within } from './clock'
import { ClientError, ProblemError } from './errors'
import { pauseAfterFailure, retryAfterOf } from './pacing'
import { passesOrThrow, type Strikes } from './problem'
import type { Tracking } from './tracking'

/** A part of a stream: its answer, and the bytes that come with it. */
interface Part {
  readonly response: Response
  readonly reader: ReadableStreamDefaultReader<Uint8Array> | undefined
}

/**
 * The response that a handler is writing. A connection that is lost is made again, from the byte where it was; the fields are those of
 * the first answer. `undefined`: it is not to be had here any more, the job will say why.
 */
export async function openStream(job: Tracking, url: string): Promise<Response | undefined> {
  const { deadline } = job
  const leaving = new AbortController()
  const first = await within(deadline.scope(), (signal) => open(job, url, 0, undefined, signal))
  if (!first) return undefined
  const { status, statusText, headers } = first.response
  const etag = headers.get('etag') ?? undefined
  let part: Part = first
  let at = 0
  const body = new ReadableStream<Uint8Array>(
    {
      pull: (controller) =>
        within(deadline.scope(leaving.signal), async (signal) => {
          for (;;) {
            const read = await next(part, signal)
            if (read?.done) return controller.close()
            if (read?.value) {
              at += read.value.length
              return controller.enqueue(read.value)
            }
            part.reader?.cancel().catch(() => {}) // it has broken off
            const again = await open(job, url, at, etag, signal)
            if (!again || again.response.headers.get('etag') !== headers.get('etag')) {
              again?.reader?.cancel().catch(() => {}) // of another attempt
              throw new ClientError(
                'stream_restarted',
                'The response broke off and was not gone on with: the handler failed, or runs again.',
              )
            }
            part = again
          }
        }),
      cancel(reason) {
        leaving.abort(reason)
        return part.reader?.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
  return from(first.response.url || url, new Response(first.reader ? body : null, { status, statusText, headers: bare(headers) }))
}

/** What comes next; `undefined`: the connection was lost. */
async function next({ reader }: Part, signal: AbortSignal) {
  if (!reader) return { done: true, value: undefined } as const
  try {
    return await orAborted(reader.read(), signal)
  } catch (error) {
    if (signal.aborted) reader.cancel(error).catch(() => {}) // nobody wants the rest
    signal.throwIfAborted()
    return undefined
  }
}

/** Asks until there is an answer. `undefined`: there is none from this byte on, or none at all. */
async function open(job: Tracking, url: string, at: number, etag: string | undefined, parent: AbortSignal): Promise<Part | undefined> {
  const { clock, pace, requestTimeoutMs } = job.settings
  const strikes: Strikes = { count: 0 }
  const headers: Record<string, string> = { accept: '*/*' }
  if (at > 0) headers.range = `bytes=${at}-`
  if (at > 0 && etag !== undefined) headers['if-range'] = etag
  for (let failures = 1; ; failures++) {
    let advice: number | undefined
    try {
      const found = await within(scope([parent], requestTimeoutMs), async (signal): Promise<Part | null | undefined> => {
        const { response } = await job.send({ method: 'GET', url, headers, signal })
        const { status } = response
        if (status === 416 && at > 0 && wasWhole(response, at)) return { response: withTag(response, etag), reader: undefined }
        if (at > 0 ? status === 206 : response.ok) return { response, reader: response.body?.getReader() }
        advice = retryAfterOf(response.headers, clock.now())
        if (status !== 429 && status < 500) {
          drop(response)
          return null
        }
        await passesOrThrow(response, strikes, true)
        return undefined
      })
      if (found !== undefined) return found ?? undefined
    } catch (error) {
      parent.throwIfAborted()
      if (error instanceof ProblemError) return undefined
      if (error instanceof ClientError) throw error
    }
    await clock.sleep(pauseAfterFailure(advice, failures, pace), parent)
  }
}

/** The connection was lost after the last byte: nothing is left to be sent. */
const wasWhole = (response: Response, at: number) => response.headers.get('content-range') === `bytes */${at}`

function withTag(response: Response, etag: string | undefined): Response {
  drop(response)
  return new Response(null, { headers: etag === undefined ? {} : { etag } })
}

/** What `fetch` has decoded is not encoded any more, and a length would be that of the first part. */
function bare(fields: Headers): Headers {
  const headers = new Headers(fields)
  for (const name of ['content-encoding', 'content-length', 'content-range', 'accept-ranges']) headers.delete(name)
  return headers
}
