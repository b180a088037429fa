import type { JobHandle } from '@respond-async/core'
import type { Context } from 'hono'
import type { StatusCode } from 'hono/utils/http-status'
import { fieldsSet } from './answer'
import { DetachedRequest } from './detached-request'
import type { HonoSubmission } from './submission'

/** A response that a context made from a text. */
interface Made {
  readonly response: Response
  readonly text: string
}
/** The handler's own context. */
export interface DetachedContext extends Context {
  /** The last response that it made from a text: reading it back would cost more than everything else in a small job. */
  readonly made?: Made
}

type Options = { env: unknown; path: string; notFoundHandler: (c: Context) => Response | Promise<Response> }
type ContextClass = new (raw: Request, options: Options) => Context
/** Common form of the overloads of `c.body` and `c.json`. */
type Make = (data: unknown, arg?: unknown, headers?: object) => Response

let Detached: (new (from: HonoSubmission, job: JobHandle) => DetachedContext) | undefined

/**
 * Makes the handler's own context: the live one answers the 202, and what earlier middleware has set on that response is not part of
 * the handler's.
 */
export function detachedContext(from: HonoSubmission, job: JobHandle): DetachedContext {
  // Hono exports Context only as a type.
  Detached ??= detachedClass(from.native.constructor as unknown as ContextClass)
  return new Detached(from, job)
}

export function setVariables(c: Context, variables: object, job: JobHandle): void {
  for (const name of Reflect.ownKeys(variables)) c.set(name as never, variables[name as never])
  c.set('job', job)
}

const detachedClass = (Context: ContextClass) =>
  class extends Context {
    readonly #from: HonoSubmission
    #req: DetachedRequest | undefined
    made: Made | undefined

    constructor(from: HonoSubmission, job: JobHandle) {
      const { native: live } = from
      // `notFound` and `render` are bound to the live context.
      super(live.req.raw, { env: live.env, path: live.req.path, notFoundHandler: () => ownPart(this, live, live.notFound) })
      this.setRenderer((...args: Parameters<typeof live.render>) => ownPart(this, live, () => live.render(...args)))
      this.setLayout(live.getLayout() as never) // for layouts nested in it
      this.#from = from
      setVariables(this, from.variables, job)

      const body = this.body as Make
      const make: Make = (data, arg, headers) => {
        const response = body(data, arg, headers)
        if (typeof data === 'string') this.made = { response, text: data }
        return response
      }
      this.body = make as Context['body']
      // As Hono does, but with the `body()` that remembers its text.
      const json: Make = (value, arg, headers) => make(JSON.stringify(value), arg, { 'Content-Type': 'application/json', ...headers })
      this.json = json as Context['json']
    }

    override get req(): DetachedRequest {
      this.#req ??= new DetachedRequest(this.#from)
      return this.#req
    }

    override get executionCtx() {
      return this.#from.native.executionCtx
    }
  }

/**
 * Makes a response with a function that is bound to the live context, with the variables that the handler has set. Header fields of the
 * live context's own response, the 202, are removed from it.
 */
async function ownPart(c: Context, live: Context, make: () => Response | Promise<Response>): Promise<Response> {
  const others = new Headers(fieldsSet(live)) // copied: on Node the context goes on to change the same object
  setVariables(live, c.var, c.get('job'))
  const { body, status, headers: all } = await make()
  const headers = new Headers(all)
  // Restores the live context for an answer that waits for the handler, and for the next attempt.
  for (const name of [...fieldsSet(live).keys()]) if (!others.has(name)) live.header(name)
  for (const name of others.keys()) if (name !== 'content-type' && headers.get(name) === others.get(name)) headers.delete(name)
  return c.newResponse(body, { status: status === 200 ? undefined : (status as StatusCode), headers })
}
