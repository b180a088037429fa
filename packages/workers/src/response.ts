import type { CapturedResponse } from '@respond-async/core'
import { type Capture, captureResponse, fieldsOf, keptBody } from '@respond-async/core/fetch'

/**
 * Captures what a handler returned: a response, nothing, or a value that `AutoRouter` would send as JSON.
 *
 * A response of type application/json is read in one call, not as a stream, which would cost twice as much: such a body nearly always
 * exists as a whole. If not, the platform limits its size.
 */
export async function captureReturned(returned: unknown, execution: Capture): Promise<CapturedResponse> {
  if (returned === undefined || returned === null) return captureResponse(undefined, execution)
  const { maxResultBytes, sink } = execution
  if (!(returned instanceof Response)) {
    const json: string | undefined = JSON.stringify(returned)
    if (json === undefined) throw new TypeError(`The handler returned a ${typeof returned}, which cannot be sent as JSON.`)
    return { status: 200, headers: { 'content-type': 'application/json; charset=utf-8' }, body: await keptBody(json, sink) }
  }
  const { status, headers } = returned
  const isWhole = status >= 200 && /^application\/json\s*(?:;|$)/.test(headers.get('content-type') ?? '')
  if (!isWhole || Number(headers.get('content-length')) > maxResultBytes) return captureResponse(returned, execution)
  return { status, headers: fieldsOf(headers), body: await keptBody(new Uint8Array(await returned.arrayBuffer()), sink) }
}
