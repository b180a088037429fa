import type { JobHandle } from '@respond-async/core'
import type { Context } from 'hono'
import type { StatusCode } from 'hono/utils/http-status'
import { fieldsSet } from './answer'
import { DetachedRequest } from './detached-request'
import type { HonoSubmission } from './submission'

/** A response that a context made of a text. */
interface Made {
  readonly response: Response
  readonly text: string
}
/** A context of its own for the handler. */
export interface DetachedContext extends Context {
  /** The last response that it made of a text: reading that back costs more than all else in a small job. */
  readonly made?: Made
}

type Options = { env: unknown; path: string; notFoundHandler: (c: Context) => Response | Promise<Response> }
type ContextClass = new (raw: Request, options: Options) => Context
/** What the overloads of `c.body` and `c.json` have in common. */
type Make = (data: unknown, arg?: unknown, headers?: object) => Response

let Detached: (new (from: HonoSubmission, job: JobHandle) => DetachedContext) | undefined

/**
 * A context of its own for the handler: the live one answers the 202, and what earlier middleware had put on that answer is no
 * part of the handler's.
 */
export function detachedContext(from: HonoSubmission, job: JobHandle): DetachedContext {
  // Hono exports its Context as a type alone.
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
      // What the application has set for these is bound to the live context.
      super(live.req.raw, { env: live.env, path: live.req.path, notFoundHandler: () => ownPart(this, live, live.notFound) })
      this.setRenderer((...args: Parameters<typeof live.render>) => ownPart(this, live, () => live.render(...args)))
      this.setLayout(live.getLayout() as never) // for another that is nested in it
      this.#from = from
      setVariables(this, from.variables, job)

      const body = this.body as Make
      const make: Make = (data, arg, headers) => {
        const response = body(data, arg, headers)
        if (typeof data === 'string') this.made = { response, text: data }
        return response
      }
      this.body = make as Context['body']
      // As Hono makes it, but of the `body()` that remembers.
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
 * What the live context makes of what the handler has set. It has the fields of the live context's own answer, the 202, on it: they
 * are taken off again.
 */
async function ownPart(c: Context, live: Context, make: () => Response | Promise<Response>): Promise<Response> {
  const others = new Headers(fieldsSet(live)) // on Node they are the very ones that the context goes on with
  setVariables(live, c.var, c.get('job'))
  const { body, status, headers: all } = await make()
  const headers = new Headers(all)
  // An answer that waits for the handler, and its next attempt, are to find the live context as it was.
  for (const name of [...fieldsSet(live).keys()]) if (!others.has(name)) live.header(name)
  for (const name of others.keys()) if (name !== 'content-type' && headers.get(name) === others.get(name)) headers.delete(name)
  return c.newResponse(body, { status: status === 200 ? undefined : (status as StatusCode), headers })
}
