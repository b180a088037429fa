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
import { isBodiless } from './web-answer'
import { fieldsOf, readStream } from './web-submission'

/** The part of an `Execution` that is needed to read the handler's response. */
export type Capture = Pick<Execution, 'maxResultBytes'> & Partial<Pick<Execution, 'sink' | 'onCut'>>

/**
 * Reads the handler's response to its end; into `sink` once it is large or takes a while. If the run is abandoned, its stream is
 * canceled.
 *
 * @param more header fields to add, unless the response has them itself
 * @throws {JobsError} `result_too_large` above `maxResultBytes`, without reading on; `handler_passed` if there is no response;
 *   what the stream throws; `TypeError` for a response that cannot be replayed (`Response.error()`, an upgrade)
 */
export async function captureResponse(
  response: Response | undefined,
  { maxResultBytes, sink, onCut }: Capture,
  more?: HeaderFields,
): Promise<CapturedResponse> {
  // @hono/node-server, at least up to 2.1.9, accepts a body with any status, and has the type of a Blob only once it has been asked for
  // something else than the status and the header fields.
  if (!response || (!isBodiless(response.status) && response.bodyUsed === undefined))
    throw new JobsError('handler_passed', 'The handler returned no Response.')
  const { status } = response
  const headers = { ...more, ...fieldsOf(response.headers) } // before `body` is read: after it Bun has lost the type of a Blob or a form
  const body = isBodiless(status) ? null : response.body
  if (status < 200) throw new TypeError(`A Response of status ${status} cannot be kept.`)
  if (body && Number(headers['content-length']) > maxResultBytes) {
    body.cancel().catch(() => {}) // an error of its source changes nothing
    throw resultTooLarge(maxResultBytes)
  }
  const kept = body && (await readStream(body, maxResultBytes, resultTooLarge, sink, () => ({ status, headers }), onCut))
  // Bun sets the type of a text only when it sends it, and what is stored is sent as bytes. Without a zero byte it is text, as in git.
  if ('Bun' in globalThis && kept && !kept.includes(0)) headers['content-type'] ??= 'text/plain;charset=utf-8'
  return { status, headers, body: kept }
}

/** Returns a body that is in memory; writes it to the sink if it is large, and then returns `null`. */
export async function keptBody<B extends Body | null>(body: B, sink: BodySink | undefined): Promise<B | null> {
  if (!sink || body === null || sizeOf(body) <= sink.after) return body
  await sink.write(bytesOf(body))
  return null
}
