import type { Body, CapturedResponse, JobHandle, StoredRequest } from '@respond-async/core'
import { bytesOf, JobsError, sizeOf } from '@respond-async/core'
import type { Application, Express } from 'express'
import { type CapturingResponse, capturingResponses } from './capturing-response'
import { type DetachedRequest, detachedRequests } from './detached-request'
import { type AnyHandler, callInOrder } from './handlers'
import type { ExpressSubmission, Notes } from './submission'

/** The two objects that a handler is called with when no client is there. */
export interface Exchange {
  readonly req: DetachedRequest
  readonly res: CapturingResponse
}

interface Classes {
  readonly Req: ReturnType<typeof detachedRequests>
  readonly Res: ReturnType<typeof capturingResponses>
}

/** Made once for each application: `app.request` and `app.response` are what Express puts under live ones. */
const classes = new WeakMap<Application, Classes>()

function classesOf(app: Application): Classes {
  const known = classes.get(app)
  if (known) return known
  const { request, response } = app as Express // every application has them
  const made = { Req: detachedRequests(request), Res: capturingResponses(response) }
  classes.set(app, made)
  return made
}

/** An exchange of its own for the handler, in the place of the live one, which ends with the 202. */
export function detach(live: ExpressSubmission, limit: number): Exchange {
  const { native, response } = live
  const { Req, Res } = classesOf(native.app)
  const req = new Req(live)
  req.receive(native, live.chunks)
  req.headers = native.headers
  copyOwn(native, req)
  const res = new Res(req, live.earlier, limit)
  res.statusCode = live.statusCode
  copyOwn(response, res)
  return { req, res }
}

/** What earlier middleware hung on it. What the class has itself stays, and with it what others wrapped around the live one's methods. */
function copyOwn(from: object, to: object): void {
  for (const name of Reflect.ownKeys(from)) {
    if (name === 'query') Object.defineProperty(to, name, { ...Object.getOwnPropertyDescriptor(from, name), configurable: true })
    else if (!(name in to) && name !== '__onFinished') Reflect.set(to, name, Reflect.get(from, name))
  }
}

/** The exchange of a job that was taken by another process. */
export function rebuild(app: Application, stored: StoredRequest, body: Body | null, limit: number): Exchange {
  const notes: Notes = stored.context ?? {}
  const { Req, Res } = classesOf(app)
  const req = new Req({ remoteAddress: notes.remoteAddress, encrypted: notes.encrypted === true })
  const rawHeaders = Object.entries(stored.headers).flatMap(([name, value]) => [value].flat().flatMap((one) => [name, one]))
  if (body !== null && notes.hasBody !== false) rawHeaders.push('content-length', String(sizeOf(body)))
  const { url = stored.url, baseUrl = '', params = {}, parsedAs } = notes
  const head = { method: stored.method, url, rawHeaders, httpVersion: '1.1', httpVersionMajor: 1, httpVersionMinor: 1 }
  req.receive(head, parsedAs === undefined || parsedAs === 'empty' ? [bytesOf(body ?? '')] : undefined)
  const query = { query: 'query' in req ? undefined : app.get('query parser fn')(url.split('?', 2)[1] ?? '') } // a field of its own in Express 4
  const res = new Res(req, {}, limit)
  Object.assign(res, { locals: Object.create(null) })
  Object.assign(req, { originalUrl: stored.url, baseUrl, params }, query.query && query, parsedBody(notes, stored, body), stored.carry)
  return { req, res }
}

/** `req.body` as earlier middleware had left it; of a job that was not made by a request, its input. */
function parsedBody({ parsedAs }: Notes, { context, headers }: StoredRequest, body: Body | null): { body: unknown } | undefined {
  if (parsedAs === 'empty') return { body: {} }
  if (body === null) return undefined
  const text = typeof body === 'string' ? body : Buffer.from(body).toString()
  if (parsedAs === 'json' || (!context && headers['content-type'] === 'application/json')) return { body: JSON.parse(text) }
  if (parsedAs === 'text') return { body: text }
  return parsedAs === 'bytes' ? { body: Buffer.from(body as Uint8Array) } : undefined
}

/** Calls the handlers and captures what they answer. */
export function run(handlers: readonly AnyHandler[], { req, res }: Exchange, job: JobHandle): Promise<CapturedResponse> {
  const next = callInOrder(handlers, req, res, (error?: unknown) =>
    res.fail(
      error && error !== 'route' && error !== 'router' ? error : new JobsError('handler_passed', 'The handler passed the request on.'),
    ),
  )
  Object.assign(req, { job, res, next })
  next()
  return res.captured
}
