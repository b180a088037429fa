import { drop, withUrl } from './body'
import { orAborted, within } from './clock'
import { ClientError, ProblemError } from './errors'
import { restAfterFailure, retryAfterOf } from './pacing'
import { passesOrThrow, type Strikes, throwUnlessLost } from './problem'
import { inAnswerTime, type Tracking } from './tracking'

/** A part of a live response: one HTTP response and its bytes. */
interface Part {
  readonly response: Response
  readonly reader?: ReadableStreamDefaultReader<Uint8Array>
}

/**
 * Opens the response that a handler is writing. A lost connection is resumed at the byte where it was; the header fields are those of the
 * first response. `undefined`: it is no longer available, as the job's status will explain.
 */
export async function openStream(job: Tracking, url: string): Promise<Response | undefined> {
  const { deadline } = job
  const leaving = new AbortController()
  const first = await within(deadline.scope(), (signal) => open(job, url, 0, undefined, signal, 0))
  if (!first) return undefined
  const { status, statusText, headers } = first.response
  const etag = headers.get('etag')
  let part: Part = first
  let at = 0
  const body = new ReadableStream<Uint8Array>(
    {
      pull: (controller) =>
        within(deadline.scope(leaving.signal), async (signal) => {
          for (let losses = 0; ; losses++) {
            const read = await next(part, signal)
            if (read?.done) return controller.close()
            if (read?.value) {
              at += read.value.length
              return controller.enqueue(read.value)
            }
            // A compressed body cannot be resumed: how many of its bytes have come is unknown.
            const again = headers.has('content-encoding') ? null : await open(job, url, at, etag, signal, losses)
            if (!again)
              throw new ClientError(
                'stream_restarted',
                'The response broke off and cannot be resumed: the handler failed, was canceled, or runs again.',
              )
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
  return withUrl(first.response.url || url, new Response(first.reader ? body : null, { status, statusText, headers: bare(headers) }))
}

/** Reads the next piece; `undefined`: the connection was lost. */
async function next({ reader }: Part, signal: AbortSignal) {
  if (!reader) return { done: true, value: undefined } as const
  try {
    return await orAborted(reader.read(), signal)
  } catch {
    reader.cancel().catch(() => {}) // broken off, or the rest is not needed
    signal.throwIfAborted()
    return undefined
  }
}

/**
 * Requests the response from byte `at`, until there is an answer. `null`: it cannot be resumed there, or is not available.
 * @param etag that of the response to resume; another one is of another attempt
 * @param failures connections in a row that brought nothing; after the first one there is a pause before each
 */
async function open(
  job: Tracking,
  url: string,
  at: number,
  etag: string | null | undefined,
  parent: AbortSignal,
  failures: number,
): Promise<Part | null> {
  const strikes: Strikes = { count: 0 }
  const headers: Record<string, string> = { accept: '*/*' }
  if (at > 0) {
    headers.range = `bytes=${at}-`
    if (etag) headers['if-range'] = etag
  }
  for (let advice: number | undefined; ; failures++) {
    if (failures > 0) await restAfterFailure(job.settings, advice, failures, parent)
    advice = undefined
    try {
      const found = await inAnswerTime(job, parent, async (signal): Promise<Part | null | undefined> => {
        const { response } = await job.send({ method: 'GET', url, headers, signal })
        const { status, ok } = response
        const isSame = etag === undefined || response.headers.get('etag') === etag
        if (isSame && (at > 0 ? status === 206 : ok)) return { response, reader: response.body?.getReader() }
        advice = retryAfterOf(response.headers, job.settings.clock.now())
        if (status !== 429 && status < 500) {
          drop(response)
          // The connection was lost after the last byte: the response is complete.
          return status === 416 && response.headers.get('content-range') === `bytes */${at}` ? { response } : null
        }
        await passesOrThrow(response, strikes, true)
        return undefined
      })
      if (found !== undefined) return found
    } catch (error) {
      if (error instanceof ProblemError) return null
      throwUnlessLost(error, parent)
    }
  }
}

/** Header fields without encoding, since `fetch` has decoded the body, and without length, which would be that of the first part. */
function bare(fields: Headers): Headers {
  const headers = new Headers(fields)
  for (const name of ['content-encoding', 'content-length', 'content-range', 'accept-ranges']) headers.delete(name)
  return headers
}
