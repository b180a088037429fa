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
  readonly native?: Context
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
export function detachedContext({ request, platform, variables, native: live }: ContextSource, job: JobHandle): Context {
  const c: Context = new (contextClass())(undefined as never, {
    env: platform?.env ?? {},
    executionCtx: live ? undefined : platform?.context,
    path: request.path,
    notFoundHandler: live ? () => ownPart(c, live, live.notFound()) : (own) => own.text('404 Not Found', 404),
  })
  Object.defineProperty(c, 'req', { value: new DetachedRequest(request) })
  if (live) Object.defineProperty(c, 'executionCtx', { get: () => live.executionCtx })
  for (const name of Reflect.ownKeys(variables)) c.set(name as never, variables[name as never])
  c.set('job', job)
  // A layout that earlier middleware set is bound to the live context.
  if (live) c.setRenderer((...args: Parameters<typeof live.render>) => ownPart(c, live, live.render(...args)))
  rememberTexts(c)
  return c
}

const texts = new WeakMap<Response, string>()

/** The text that a detached context made a response of: reading it back from the response costs more than all else in a small job. */
export const textOf = (response: Response): string | undefined => texts.get(response)

/** The shortcuts of the context for text, made of `c.body()` as Hono makes them. */
function rememberTexts(c: Context): void {
  const { body } = c as { body(data: unknown, arg?: unknown, headers?: unknown): Response }
  const made = (data: unknown, arg?: unknown, headers?: unknown): Response => {
    const response = body(data, arg, headers)
    if (typeof data === 'string') texts.set(response, data)
    return response
  }
  const typed = (type: string, data: string, arg: unknown, headers: unknown) =>
    made(data, arg, { 'Content-Type': type, ...Object(headers) })
  Object.assign(c, {
    body: made,
    text: (text: string, arg?: unknown, headers?: unknown) => typed('text/plain; charset=UTF-8', text, arg, headers),
    json: (value: unknown, arg?: unknown, headers?: unknown) => typed('application/json', JSON.stringify(value), arg, headers),
  })
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
