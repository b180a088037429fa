import {
  type Body,
  type BodyStream,
  bytesOf,
  type CapturedResponse,
  type Execution,
  isStream,
  JobsError,
  type StoredRequest,
  sizeOf,
} from '@respond-async/core'
import type { Application, Express } from 'express'
import { putAdded, toldOf } from './added'
import { type CapturingResponse, capturingResponses } from './capturing-response'
import { type DetachedRequest, detachedRequests, type RequestHead } from './detached-request'
import { emitSafely, type Failing } from './emit-safely'
import { type AnyHandler, callInOrder, isPassing } from './handlers'
import type { ExpressSubmission, Notes } from './submission'

/** The detached request and response that a handler is called with. */
export interface Exchange {
  readonly req: DetachedRequest
  readonly res: CapturingResponse
}

/**
 * Makes one class for each prototype of live requests or responses: an application's `app.request` or `app.response`, with whatever
 * was added to it.
 */
function classesUnder<Class extends new (...args: never) => Failing>(make: () => Class): (prototype: object) => Class {
  const classes = new WeakMap<object, Class>()
  return (prototype) => {
    let known = classes.get(prototype)
    if (!known) {
      known = make()
      known.prototype.emit = emitSafely
      Object.setPrototypeOf(known.prototype, prototype)
      classes.set(prototype, known)
    }
    return known
  }
}
const requestsUnder = classesUnder(detachedRequests)
const responsesUnder = classesUnder(capturingResponses)

/** Makes the handler's own request and response from the live ones, which end with the 202. */
export function detach(live: ExpressSubmission, execution: Execution): Exchange {
  const { native, own, response } = live
  const req = new (requestsUnder(Object.getPrototypeOf(native)))(live)
  const { requestBody } = execution
  req.receive(live, own, live.fields, isStream(requestBody) ? requestBody : live.chunks)
  putAdded(toldOf(native), req)
  putAdded(live.added, req)
  // Session middleware works on the live request, where it may end a session and begin another.
  for (const name of ['session', 'sessionID'])
    if (name in live.added)
      Object.defineProperty(req, name, {
        get: () => native[name as never],
        set(value: never) {
          native[name as never] = value
        },
      })
  const res = new (responsesUnder(Object.getPrototypeOf(response)))(req, live.earlier, execution)
  res.statusCode = live.statusCode
  putAdded(live.responseAdded, res) // including `locals`
  return { req, res }
}

/** Rebuilds the request and response of a job that another process accepted. @param stored a copy that the handler may change */
export function rebuild(app: Application, stored: StoredRequest, execution: Execution): Exchange {
  const { requestBody: body } = execution
  const notes: Notes = stored.context ?? {}
  const { request, response } = app as Express // not in the type `Application`
  const req = new (requestsUnder(request))(notes)
  const headers = stored.headers as Record<string, string | string[]>
  if (notes.hasBody ?? body !== null) headers['content-length'] = `${body === null ? 0 : sizeOf(body)}`
  const { url = stored.url, baseUrl = '', params = {}, told = { query: {} }, parsedAs, statusCode = 200 } = notes
  const rawHeaders = Object.entries(headers).flatMap(([name, value]) => [value].flat().flatMap((one) => [name, one]))
  // As from Express, but without `route`: no router has matched.
  const head = { url, rawHeaders, baseUrl, params, body: parsedBody(notes, stored, body) }
  req.receive(stored, head as RequestHead, headers, parsedAs === undefined || parsedAs === 'empty' ? piecesOf(body) : undefined)
  putAdded({ ...told, ...stored.carry }, req)
  const res = new (responsesUnder(response))(req, {}, execution)
  res.statusCode = statusCode
  res.locals = Object.create(null)
  return { req, res }
}

const piecesOf = (body: Body | BodyStream | null) => (isStream(body) ? body : body === null ? [] : [bytesOf(body)])

/** `req.body` as earlier middleware had left it; for a job that was made without a request, its input. */
function parsedBody({ parsedAs }: Notes, { context, headers }: StoredRequest, body: Body | BodyStream | null): unknown {
  if (parsedAs === 'empty') return {}
  if (body === null || isStream(body)) return undefined
  const text = typeof body === 'string' ? body : Buffer.from(body).toString()
  if (parsedAs === 'json' || (!context && headers['content-type'] === 'application/json')) return JSON.parse(text)
  if (parsedAs === 'text') return text
  return parsedAs === 'bytes' ? Buffer.from(body as Uint8Array) : undefined
}

/** Calls the handlers and captures their response. */
export function run(handlers: readonly AnyHandler[], { req, res }: Exchange, { handle, onCut }: Execution): Promise<CapturedResponse> {
  // An application as a handler, or one inside a router, replaces both prototypes: the detached members must then be own properties.
  if (handlers.some((handler) => 'handle' in handler))
    for (const one of [req, res]) Object.defineProperties(one, Object.getOwnPropertyDescriptors(Object.getPrototypeOf(one)))
  const next = callInOrder(handlers, req, res, (error?: unknown) =>
    res.fail(error && !isPassing(error) ? error : new JobsError('handler_passed', 'The handler called next().')),
  )
  req.job = handle
  req.res = res
  req.next = next
  onCut(() => res.destroy())
  next()
  return res.captured
}
