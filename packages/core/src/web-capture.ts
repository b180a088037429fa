import {
  type Body,
  type BodySink,
  bytesOf,
  type CapturedResponse,
  type Execution,
  type HeaderFields,
  JobsError,
  resultTooLarge,
  sizeOf,
} from '@respond-async/core'
import { fieldsOf, readStream } from './web-submission'

/** What of an execution is needed to read the response of its handler. */
export type Capture = Pick<Execution, 'maxResultBytes'> & Partial<Pick<Execution, 'sink' | 'onCut'>>

/**
 * Reads the handler's response to its end, whatever it streams; into `sink`, once it is large or takes its time. One that nobody waits
 * for any longer is let go of.
 *
 * @param more fields that it has besides its own
 * @throws {JobsError} `result_too_large` above `maxResultBytes`, without reading on; `handler_passed` where there is no response;
 *   what the stream throws; `TypeError` for a response that cannot be sent again (`Response.error()`, an upgrade).
 */
export async function captureResponse(
  response: Response | undefined,
  { maxResultBytes, sink, onCut }: Capture,
  more?: HeaderFields,
): Promise<CapturedResponse> {
  if (!response) throw new JobsError('handler_passed', 'The handler did not answer.')
  const own = fieldsOf(response.headers) // first: Bun has no type of a Blob or a form any more once its body was looked at
  const { status, body } = response
  // And once more: @hono/node-server, up to 2.1.9 at least, gives a text or a Blob beside other fields its type no sooner.
  const headers = { ...more, ...fieldsOf(response.headers), ...own }
  if (!(status >= 200)) throw new TypeError(`A response of ${status} cannot be kept.`)
  if (body && Number(headers['content-length']) > maxResultBytes) {
    body.cancel().catch(() => {}) // what its source thinks of it changes nothing
    throw resultTooLarge(maxResultBytes)
  }
  const kept = body && (await readStream(body, maxResultBytes, resultTooLarge, sink, () => ({ status, headers }), onCut))
  // Bun gives a text its type only when it sends it, and sends bytes of what is kept. What has no zero byte is a text, as for git.
  if ('Bun' in globalThis && kept && !kept.includes(0)) headers['content-type'] ??= 'text/plain;charset=utf-8'
  return { status, headers, body: kept }
}

/** A body that is at hand as a whole: `null` after it went to the sink, because it is large. */
export async function keptBody<B extends Body | null>(body: B, sink: BodySink | undefined): Promise<B | null> {
  if (!sink || body === null || sizeOf(body) <= sink.after) return body
  await sink.write(bytesOf(body))
  return null
}
