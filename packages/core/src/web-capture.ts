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
  const { status, body } = response
  if (!(status >= 200)) throw new TypeError(`A response of ${status} cannot be kept.`)
  const headers = { ...more, ...fieldsOf(response.headers) }
  if (body === null) return { status, headers, body: null }
  if (Number(headers['content-length']) > maxResultBytes) throw resultTooLarge(maxResultBytes)
  return { status, headers, body: await readStream(body, maxResultBytes, resultTooLarge, sink, () => ({ status, headers }), onCut) }
}

/** A body that is at hand as a whole: `null` after it went to the sink, because it is large. */
export async function keptBody<B extends Body | null>(body: B, sink: BodySink | undefined): Promise<B | null> {
  if (!sink || body === null || sizeOf(body) <= sink.after) return body
  await sink.write(bytesOf(body))
  return null
}
