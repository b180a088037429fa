import type { JobHandle, Platform } from '@respond-async/core'
import { type Context, Hono } from 'hono'
import type { StatusCode } from 'hono/utils/http-status'
import { DetachedRequest, type RequestSource } from './detached-request'

/** What else a handler's own context is made of. */
export interface ContextSource {
  readonly request: RequestSource
  readonly platform: Platform | undefined
  readonly variables: object
  /** The context that has answered 202, in the process that took the request. */
  readonly live: Context | undefined
}

/** A response that a context made of a text. */
interface Made {
  readonly response: Response
  readonly text: string
}
/** A context of its own for the handler. */
export interface DetachedContext extends Context {
  /** The last response that it made of a text: reading that back costs more than all else in a small job. */
  readonly made: Made | undefined
}

type Options = { env: unknown; executionCtx: unknown; path: string; notFoundHandler: (c: Context) => Response | Promise<Response> }
type ContextClass = new (raw: Request | undefined, options: Options) => Context

/**
 * A context of its own for the handler: the live one answers the 202, and what earlier middleware had put on that answer is no
 * part of the handler's.
 */
export function detachedContext(source: ContextSource, job: JobHandle): DetachedContext {
  Class ??= detachedClass(contextClass())
  const c = new Class(source)
  for (const name of Reflect.ownKeys(source.variables)) c.set(name as never, source.variables[name as never])
  c.set('job', job)
  return c
}

let Class: (new (source: ContextSource) => DetachedContext) | undefined

/** Hono exports its Context as a type alone, so it is taken from one that Hono made. */
function contextClass(): ContextClass {
  let found: unknown
  const app = new Hono().get('/', (c) => {
    found = c.constructor
    return c.body(null)
  })
  app.fetch(new Request('http://localhost/')) // a single handler runs before this returns
  return found as ContextClass
}

function detachedClass(Context: ContextClass): new (source: ContextSource) => DetachedContext {
  return class extends Context {
    readonly #source: ContextSource
    #req: DetachedRequest | undefined
    made: Made | undefined = undefined

    constructor(source: ContextSource) {
      const { request, platform, live } = source
      super(undefined, {
        env: platform?.env ?? {},
        executionCtx: live ? undefined : platform?.context,
        path: request.path,
        notFoundHandler: live ? (own) => ownPart(own, live, live.notFound()) : (own) => own.text('404 Not Found', 404),
      })
      this.#source = source
      // A layout that earlier middleware set is bound to the live context.
      if (live) this.setRenderer((...args: Parameters<typeof live.render>) => ownPart(this, live, live.render(...args)))
      // The shortcuts for text are made of `body()` as Hono makes them, and `body()` remembers the text.
      const body = this.body as Body
      const made: Body = (data, arg, headers) => {
        const response = body(data, arg, headers)
        if (typeof data === 'string') this.made = { response, text: data }
        return response
      }
      const typed = (type: string, text: string, arg: unknown, headers: unknown) =>
        made(text, arg, { 'Content-Type': type, ...Object(headers) })
      this.body = made as Context['body']
      this.text = ((text: string, arg, headers) => typed('text/plain; charset=UTF-8', text, arg, headers)) as Body as Context['text']
      this.json = ((value, arg, headers) => typed('application/json', JSON.stringify(value), arg, headers)) as Body as Context['json']
    }

    override get req(): DetachedRequest {
      this.#req ??= new DetachedRequest(this.#source.request)
      return this.#req
    }

    override get executionCtx() {
      return this.#source.live?.executionCtx ?? super.executionCtx
    }
  }
}
/** What the overloads of Context have in common. */
type Body = (data: unknown, arg?: unknown, headers?: unknown) => Response

/** What the live context makes has the fields of its own answer, the 202, on it: they are taken off again. */
async function ownPart(c: Context, live: Context, made: Response | Promise<Response>): Promise<Response> {
  const { body, status, headers: all } = await made
  const headers = new Headers(all)
  if (live.finalized)
    live.res.headers.forEach((value, name) => {
      if (name !== 'content-type' && headers.get(name) === value) headers.delete(name)
    })
  return c.newResponse(body, { status: status === 200 ? undefined : (status as StatusCode), headers })
}
