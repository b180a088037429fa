import { type CapturedResponse, type Execution, JobsError, type JsonObject } from '@respond-async/core'
import { rebuildRequest } from '@respond-async/core/fetch'
import { type Context, Hono } from 'hono'
import { HonoRequest } from 'hono/request'
import { baseRoutePath, routePath } from 'hono/route'
import { type AnyHandler, captureHandlers } from './capture'
import { setVariables } from './detached-context'

const TARGETS = ['json', 'form', 'query', 'param', 'header', 'cookie'] as const

/** What a run in another process needs besides the stored request: no router and no validators of the route run there. */
interface Notes {
  readonly route: string
  /** Path pattern at which the route's app is mounted. */
  readonly base: string
  readonly params: Readonly<Record<string, string>>
  /** Validated data by target, if it is JSON. */
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
      // Nested too deeply to be checked or stored.
    }
  }
  return { route: routePath(c), base: baseRoutePath(c), params: req.param(), valid }
}

/** Whether a value survives JSON unchanged: files, dates, class instances and infinite numbers do not. */
const isJson = (value: unknown): boolean =>
  Object(value) === value
    ? (Array.isArray(value) || [null, Object.prototype].includes(Object.getPrototypeOf(value))) &&
      Object.values(value as object).every(isJson)
    : typeof value === 'number'
      ? Number.isFinite(value)
      : typeof value !== 'bigint'

/** Runs the handlers on a context that Hono makes for the stored request. */
export async function replay(execution: Execution, handlers: readonly AnyHandler[]) {
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

/** `c.req` with the params of the router and the validated data. */
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
      throw new JobsError('invalid_input', `The validated ${target} is not JSON: pass its validator to respondAsync() too.`)
    return data as never // the base class declares the type by type parameters
  }
}
