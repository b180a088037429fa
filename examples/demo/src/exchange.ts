/** One request and its answer, and how they are shown. */
import { line, style } from './screen.ts'

export interface Exchange {
  readonly method: string
  readonly path: string
  readonly response: Response
  readonly body: Uint8Array<ArrayBuffer>
  readonly tookMs: number
}

export async function exchange(base: string, path: string, init: RequestInit = {}): Promise<Exchange> {
  const { method = 'GET' } = init
  const started = performance.now()
  const response = await fetch(new URL(path, base), { ...init, redirect: 'manual' })
  const body = new Uint8Array(await response.arrayBuffer())
  return { method, path, response, body, tookMs: performance.now() - started }
}

export const statusOf = ({ status, statusText }: Response) => `${status} ${statusText}`

/** The request line, with the part of what was sent that is worth showing. */
export const showRequest = (method: string, path: string, sent = '') =>
  line(`   ${style.strong(`${method} ${path}`)}${sent && `   ${style.quiet(sent)}`}`)

/** The status line and some of the header fields. */
export function showResponse({ response, tookMs }: Exchange, fields: readonly string[], document?: object): void {
  line(`   ${style.good(statusOf(response))}   ${style.quiet(`after ${Math.round(tookMs)} ms`)}`)
  for (const name of fields) {
    const value = response.headers.get(name)
    if (value !== null) line(`      ${name}: ${value}`)
  }
  if (document) line(`      ${JSON.stringify(document).slice(0, -1)}, … }`)
  line()
}
