import type { Body, BodySink, Submission } from '@respond-async/core'
import { fieldsOf, readBody } from '@respond-async/core/fetch'
import { routerNotes } from './handler-request'

/** A request that may become a job, with the further arguments of the handler. */
export interface WorkersSubmission<R extends Request> extends Submission<R> {
  readonly headers: Headers
  /** The body, read before the 202 because it cannot be read after it. */
  readonly body: Body | null
  readonly env: unknown
  readonly ctx: unknown
}

export function workersSubmission<R extends Request>(request: R, env: unknown, ctx: unknown): WorkersSubmission<R> {
  const { method, url, headers } = request
  const taken = {
    method,
    url,
    headers,
    native: request,
    env,
    ctx,
    body: null as Body | null,
    headerFields: () => fieldsOf(headers),
    context: () => routerNotes(request),
    async readBody(limit: number, wanted: boolean, large?: BodySink) {
      taken.body = await readBody(readable(taken), limit, wanted, large)
      return taken.body
    },
  }
  return taken
}

/** The request as a source of its body; the router's Proxy would throw if there is none. */
const readable = ({ native, method, headers }: WorkersSubmission<Request>) => ({
  // Cached: each read costs a call into the platform.
  method,
  headers,
  get bodyUsed() {
    return native.bodyUsed
  },
  arrayBuffer: () => native.arrayBuffer(),
  get body() {
    try {
      return native.body
    } catch {
      return null // the Proxy of `withParams` throws for `null`
    }
  },
})
