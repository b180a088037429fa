import type { CapturedResponse } from '@respond-async/core'
import { captureResponse, responseFields } from '@respond-async/core/fetch'

/**
 * Captures what a handler returned: a response, nothing, or a value that `AutoRouter` would send as JSON.
 *
 * JSON is read at once: it was made as a whole, as good as always, and reading that as a stream costs twice as much. The platform
 * bounds it where it was not.
 */
export async function captureReturned(returned: unknown, maxResultBytes: number): Promise<CapturedResponse> {
  if (returned === undefined || returned === null) return captureResponse(undefined, maxResultBytes)
  if (!(returned instanceof Response)) {
    return { status: 200, headers: { 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify(returned) }
  }
  const { status, headers } = returned
  const isWhole = status >= 200 && headers.get('content-type')?.startsWith('application/json') === true
  if (!isWhole || returned.bodyUsed || Number(headers.get('content-length') ?? 0) > maxResultBytes)
    return captureResponse(returned, maxResultBytes)
  return { status, headers: responseFields(headers), body: new Uint8Array(await returned.arrayBuffer()) }
}
