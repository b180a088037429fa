import { type CapturedResponse, type Execution, JobsError, type JsonObject } from '@respond-async/core'
import { rebuildRequest } from '@respond-async/core/fetch'
import { type Context, Hono } from 'hono'
import { HonoRequest } from 'hono/request'
import { baseRoutePath, routePath } from 'hono/route'
import { type AnyHandler, captureHandlers } from './capture'
import { setVariables } from './detached-context'

const TARGETS = ['json', 'form', 'query', 'param', 'header', 'cookie'] as const

/** What a run in another process needs besides the request: it has no router and no validators before the handler. */
interface Notes {
  readonly route: string
  /** Pattern of the path that the app of the route is mounted at. */
  readonly base: string
  readonly params: Readonly<Record<string, string>>
  /** By target, where it is JSON. */
  readonly valid: Readonly<Record<string, object>>
}

export function notesOf(c: Context): JsonObject {
  const { req } = c
  const valid: Record<string, JsonObject | undefined> = {}
  for (const target of TARGETS) {
    const data: JsonObject | undefined = req.valid(target as never)
    try {
      if (isJson(data)) valid[target] = data
    } catch {
      // It is nested too deep to be looked through, and to be stored.
    }
  }
  return { route: routePath(c), base: baseRoutePath(c), params: req.param(), valid }
}

/** Whether it comes out of JSON as it went in: files, dates, class instances and numbers without end do not. */
const isJson = (value: unknown): boolean =>
  Object(value) === value
    ? (Array.isArray(value) || [null, Object.prototype].includes(Object.getPrototypeOf(value))) &&
      Object.values(value as object).every(isJson)
    : typeof value === 'number'
      ? Number.isFinite(value)
      : typeof value !== 'bigint'

/** Runs the handlers on a context that Hono makes of the stored request. */
export function replay(execution: Execution, handlers: readonly AnyHandler[]) {
  const { handle, request, requestBody, platform } = execution
  const raw = rebuildRequest(request, requestBody)
  return new Promise<CapturedResponse>((resolve) => {
    const app = new Hono().all('*', (c: Context) => {
      Object.defineProperty(c, 'req', { value: new ReplayedRequest(raw, c.req.path, request?.context as Notes | undefined) })
      setVariables(c, handle.carry, handle)
      resolve(captureHandlers(c, handlers, execution))
      return c.body(null)
    })
    app.fetch(raw, platform?.env ?? {}, platform?.context as Context['executionCtx'])
  })
}

/** `c.req` with what the router and the validators had found. */
class ReplayedRequest extends HonoRequest {
  constructor(raw: Request, path: string, { route = '/', base = '/', params = {}, valid = {} }: Partial<Notes> = {}) {
    const encoded: Record<string, string> = {} // because `param()` decodes what the router found
    for (const name in params) encoded[name] = encodeURIComponent(params[name] as string)
    super(raw, path, [[[[undefined, { basePath: base, path: route, method: raw.method, handler: () => {} }], encoded]]])
    for (const target in valid) this.addValidatedData(target as (typeof TARGETS)[number], valid[target] as object)
  }

  override valid(target: never): never {
    const data = super.valid(target)
    if (data === undefined)
      throw new JobsError('invalid_input', `The validated ${target} is no JSON: give its validator to respondAsync() too.`)
    return data as never // the base class says by type parameters what is there
  }
}
