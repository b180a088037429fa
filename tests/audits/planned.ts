import type { PlannedResponse } from '@respond-async/http-audits/target'

/** A response of just these fields: no media type that nobody has planned. */
export function planned({ status, headers, body }: PlannedResponse): Response {
  // Bytes made here are in no shared memory.
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  return new Response(bytes as BodyInit | null, { status, headers: headers.map(([name, value]) => [name, value] as [string, string]) })
}
