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

type ContextClass = new (
  raw: Request,
  options: { env: unknown; executionCtx: unknown; path: string; notFoundHandler: (c: Context) => Response | Promise<Response> },
) => Context

let Class: ContextClass | undefined

/** Hono exports its Context as a type alone, so it is taken from one that Hono made. */
function contextClass(): ContextClass {
  if (!Class) {
    const app = new Hono().get('/', (c) => {
      Class = c.constructor as unknown as ContextClass
      return c.body(null)
    })
    app.fetch(new Request('http://localhost/'))
  }
  return Class as ContextClass // a single handler runs before fetch returns
}

/**
 * A context of its own for the handler: the live one answers the 202, and what earlier middleware had put on that answer is no
 * part of the handler's.
 */
export function detachedContext({ request, platform, variables, live }: ContextSource, job: JobHandle): Context {
  const c: Context = new (contextClass())(undefined as never, {
    env: platform?.env ?? {},
    executionCtx: platform?.context,
    path: request.path,
    notFoundHandler: live ? () => ownPart(c, live, live.notFound()) : (own) => own.text('404 Not Found', 404),
  })
  Object.defineProperty(c, 'req', { value: new DetachedRequest(request) })
  for (const name of Reflect.ownKeys(variables)) c.set(name as never, variables[name as never])
  c.set('job', job)
  // A layout that earlier middleware set is bound to the live context.
  if (live) c.setRenderer((...args: Parameters<typeof live.render>) => ownPart(c, live, live.render(...args)))
  return c
}

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
