import type { AdapterCase, ExpectedResponse } from './cases'

/** Sends a request to the server under test, by path; must not follow redirects. */
export type Call = (path: string, init: RequestInit) => Promise<Response>

const equal = (what: string, actual: unknown, expected: unknown): void => {
  const [got, wanted] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (got !== wanted) throw new Error(`${what} is ${got}, not ${wanted}`)
}

const bytes = (body: string | Uint8Array): Uint8Array => (typeof body === 'string' ? new TextEncoder().encode(body) : body)

/** A body in words short enough for a message: its text, or its size and where it begins. */
const shown = (body: Uint8Array): string =>
  body.length <= 300 ? JSON.stringify(new TextDecoder().decode(body)) : `${body.length} bytes, ${body.slice(0, 16).join(' ')} …`

/** Submits the request of a case, follows its job to the end and compares what the result URL answers. Throws what is wrong. */
export async function checkCase({ request, expect }: AdapterCase, call: Call): Promise<void> {
  const accepted = await call(request.path, { method: request.method, headers: request.headers, body: request.body })
  const text = await accepted.text()
  if (accepted.status !== 202) throw new Error(`accepted with ${accepted.status}, not 202: ${text}`)
  const status = await finished(accepted.headers.get('location') ?? '', call)
  const result = await call(status.links.self.concat('/result'), {})
  if ('failure' in expect) {
    equal('the state', status.status, 'failed')
    const { code, status: number, message } = status.error ?? {}
    equal('the error of the status document', { code, status: number, message }, expect.failure)
    equal('the status code of the result', result.status, expect.failure.status)
    const problem: unknown = await result.json()
    equal('the problem at the result URL', problem, status.error)
    return
  }
  equal('the state', status.status, expect.status < 400 ? 'succeeded' : 'failed')
  await compare(result, expect)
}

/** Polls the status until the job is over, held by the server. */
async function finished(location: string, call: Call): Promise<StatusDocument> {
  for (;;) {
    const answer = await call(location, { headers: { prefer: 'wait=5' } })
    const document = (await answer.json()) as StatusDocument
    if (answer.status >= 400) throw new Error(`the status answers ${answer.status}: ${JSON.stringify(document)}`)
    if (document.status !== 'queued' && document.status !== 'running') return document
  }
}

interface StatusDocument {
  readonly status: string
  readonly links: { readonly self: string }
  readonly error?: { readonly code: string; readonly status: number; readonly message: string }
}

/** Compares a response with what a case expects of it. */
export async function compare(response: Response, expected: ExpectedResponse): Promise<void> {
  equal('the status code', response.status, expected.status)
  for (const [name, value] of Object.entries(expected.headers)) {
    const field = response.headers.get(name)
    if (typeof value === 'string' ? field !== value : !value.test(field ?? '')) throw new Error(`${name} is ${field}, not ${value}`)
  }
  if (expected.setCookie) equal('Set-Cookie', response.headers.getSetCookie(), expected.setCookie)
  const body = new Uint8Array(await response.arrayBuffer())
  if (expected.body === undefined) return
  const wanted = bytes(expected.body)
  const same = body.length === wanted.length && body.every((byte, at) => byte === wanted[at])
  if (!same) throw new Error(`the body is ${shown(body)}, not ${shown(wanted)}`)
}
