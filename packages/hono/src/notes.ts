import type { Body, Json, JsonObject, StoredRequest } from '@respond-async/core'
import { rebuildRequest } from '@respond-async/core/fetch'
import type { Context } from 'hono'
import { routePath } from 'hono/route'
import { notStored, type RequestSource } from './detached-request'

/** What a run in another process needs besides the request: it has no router and no validators before the handler. */
type Notes = {
  readonly path: string
  readonly route: string
  readonly params: Readonly<Record<string, string>>
  readonly valid: JsonObject
  /** Targets whose data is no JSON. */
  readonly unstored: readonly string[]
}

const TARGETS = ['json', 'form', 'query', 'param', 'header', 'cookie'] as const

export function notesOf(c: Context): Notes {
  const valid: Record<string, Json> = {}
  const unstored: string[] = []
  for (const target of TARGETS) {
    const data: unknown = c.req.valid(target as never)
    if (isJson(data)) valid[target] = data
    else if (data !== undefined) unstored.push(target)
  }
  return { path: c.req.path, route: routePath(c), params: c.req.param(), valid, unstored }
}

/** Whether it comes out of JSON as it went in: files, dates and class instances do not. */
function isJson(value: unknown): value is Json {
  if (Array.isArray(value)) return value.every(isJson)
  if (typeof value !== 'object') return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)
  if (value === null) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return (prototype === null || prototype === Object.prototype) && Object.values(value).every((one) => one === undefined || isJson(one))
}

/** The request of a job that came over HTTP, or was made by `jobs.submit`. */
export function storedSource(stored: StoredRequest, body: Body | null): RequestSource {
  const raw = rebuildRequest(stored, body)
  const { path = new URL(raw.url).pathname, route = '', params = {}, valid = {}, unstored = [] } = (stored.context ?? {}) as Partial<Notes>
  const { method, url, headers } = raw
  return {
    ...{ method, url, headers, body, path, routeIndex: 0 },
    routes: () => [{ basePath: '/', path: route, method, handler: () => {} }],
    params: () => params,
    valid(target) {
      if (unstored.includes(target)) throw notStored(target)
      return valid[target]
    },
    makeRaw: () => raw,
  }
}
