import type { Answer, HeaderFields } from '@respond-async/core'

/** Statuses that never have a body (RFC 9110 15.3.5, 15.3.6, 15.4.5): `Response` refuses one. */
const isBodiless = (status: number): boolean => status === 204 || status === 205 || status === 304

/** The body as `Response` takes it. */
export const contentOf = ({ status, body }: Answer): BodyInit | null =>
  isBodiless(status) ? null : (body as BodyInit | null) /* bytes of core are never in shared memory */

/** An answer as a Web response. Fields stay a plain record where none is a list: servers write that without building `Headers`. */
export const toResponse = (answer: Answer): Response =>
  new Response(contentOf(answer), { status: answer.status, headers: plainFields(answer) ?? headersOf(answer.headers) })

/** The answer's fields, where each has one value. */
function plainFields({ headers }: Answer): Record<string, string> | undefined {
  for (const name in headers) if (typeof headers[name] !== 'string') return undefined
  return headers as Record<string, string> // each was looked at
}

/** Fields of which some may be lists. */
export function headersOf(fields: HeaderFields): Headers {
  const headers = new Headers()
  for (const name in fields) for (const value of [fields[name] as string].flat()) headers.append(name, value)
  return headers
}
