import { createJobs, inProcess } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/hono'
import fc from 'fast-check'
import { type Context, type Handler, Hono, type MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { compress } from 'hono/compress'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { cors } from 'hono/cors'
import { etag } from 'hono/etag'
import { html } from 'hono/html'
import { HTTPException } from 'hono/http-exception'
import { proxy } from 'hono/proxy'
import { cloneRawRequest } from 'hono/request'
import { matchedRoutes, routePath } from 'hono/route'
import { secureHeaders } from 'hono/secure-headers'
import { stream, streamSSE, streamText } from 'hono/streaming'
import { validator } from 'hono/validator'
import { expect, it } from 'vitest'
import {
  type Answered,
  answered,
  body,
  bodyOf,
  type Call,
  call,
  comparable,
  FAILED,
  fieldOf,
  fields,
  init,
  json,
  plain,
  READS,
  requestOf,
  sent,
  status,
  text,
  value,
  without,
} from './random-web'
import { nodeSender } from './random-web-node'

type Send = (to: Hono, path: string, init?: RequestInit) => Promise<Response>

/** Other names than those of `fields`: which of both wins depends on the middleware before. */
const name = fc.constantFrom('X-Own', 'x-own', 'Link', 'Vary')
const own = fc.constantFrom(...READS, 'parseBody' as const)
/** What a handler does before it answers. */
const looks = [
  call('status', status),
  call('set', value),
  call('clone', fc.constantFrom(...READS)),
  call('cloneRawRequest', fc.constantFrom(...READS)),
  call('request'),
  call('valid'),
  call('wait'),
]
const reads = [call('read', own), call('raw', fc.constantFrom(...READS)), call('stream')]
const headers = [
  call('header', fc.oneof(name, fc.constant('Content-Type')), fc.option(value, { nil: undefined })),
  call('append', fc.oneof(name, fc.constant('Set-Cookie')), value),
  call('setCookie', fc.constantFrom('a', 'b'), value),
  call('deleteCookie', fc.constantFrom('a', 'b')),
  call('res.headers', fc.constantFrom('append', 'set'), name, value),
]
const code = fc.option(status, { nil: undefined })
const more = fc.option(fields, { nil: undefined })
/** Answers that the context makes. */
const made = [
  call('json', json, code, more),
  call('text', text, code, more),
  call('html', text, code, more),
  call('html helper'),
  call('body', body, code, more),
  call('body init', text, init),
  call('newResponse', body, init),
  call('redirect', fc.constantFrom('/to', 'https://other.example/ü', '/→'), fc.constantFrom(undefined, 301, 303, 307)),
  call('notFound'),
  call('render', text),
  call('stream', text),
  call('streamText', text),
  call('streamSSE', text),
  call('throw HTTPException', fc.constantFrom(400, 403, 503), fc.constantFrom('', 'not yours')),
  call('throw its response', body, init),
  call('throw'),
]
/** Answers that it does not make: whether they get what `c.header()` has set depends on the middleware before. */
const others = [
  call('Response', body, init),
  call('Response.json', json, init),
  call('Response.redirect', fc.constantFrom(302, 308)),
  call('c.res', body, init),
  call('return c.res', body, init),
]

/** Without those of the connection and of the body: a form that middleware has read is encoded again. */
const headersOf = (headers: Record<string, string>) =>
  Object.entries(headers).filter(([name]) => !/^(connection|transfer-encoding|content-.*)$/.test(name))

async function act(c: Context, [what, ...args]: Call, target: unknown): Promise<unknown> {
  const [first, second, third] = args as never[] as [never, never, never]
  const by = first as (typeof READS)[number]
  const { req } = c
  switch (what) {
    case 'status':
      return c.status(first)
    case 'set':
      return c.set('own' as never, first)
    case 'read':
      return plain(await req[by]())
    case 'raw':
      return plain(await req.raw[by]())
    case 'clone':
      return plain(await req.raw.clone()[by]())
    case 'cloneRawRequest':
      return plain(await (await cloneRawRequest(req))[by]())
    case 'stream':
      return new Response(req.raw.body).text()
    case 'request': {
      const { method, url, path, raw } = req
      const told = [req.query(), req.queries('q'), req.param(), req.header('X-Sent'), getCookie(c, 'sent'), routePath(c)]
      return [
        method,
        url,
        path,
        raw.method,
        raw.url,
        ...told,
        matchedRoutes(c).length > 0,
        headersOf(c.req.header()),
        c.get('before' as never),
        c.get('own' as never),
      ]
    }
    case 'valid':
      return target === undefined ? undefined : plain(req.valid(target as never))
    case 'header':
      return c.header(first, second)
    case 'append':
      return c.header(first, second, { append: true })
    case 'setCookie':
      return setCookie(c, first, second)
    case 'deleteCookie':
      return deleteCookie(c, first)
    case 'res.headers':
      return c.res.headers[first as 'append'](second, third)
    default:
      return new Promise((resolve) => setImmediate(resolve))
  }
}

function respond(c: Context, [what, ...args]: Call): Response | Promise<Response> | undefined {
  const [first, second, third] = args as never[] as [never, never, never]
  switch (what) {
    case 'json':
      return c.json(first, second, third)
    case 'text':
      return c.text(first, second, third)
    case 'html':
      return c.html(first, second, third)
    case 'html helper':
      return c.html(html`<p>${'<'}</p>`)
    case 'body':
      return c.body(bodyOf(first) as never, second, third)
    case 'body init':
      return c.body(first, second)
    case 'newResponse':
      return c.newResponse(bodyOf(first) as never, second)
    case 'redirect':
      return c.redirect(first, second)
    case 'notFound':
      return c.notFound()
    case 'render':
      return c.render(first)
    case 'stream':
      return stream(c, async (out) => {
        await out.write(first)
        await new Promise((resolve) => setImmediate(resolve))
        await out.writeln(first)
      })
    case 'streamText':
      return streamText(c, async (out) => void (await out.writeln(first)))
    case 'streamSSE':
      return streamSSE(c, (out) => out.writeSSE({ data: first, event: 'own', id: '1' }))
    case 'throw HTTPException':
      throw new HTTPException(first, { message: second })
    case 'throw its response':
      throw new HTTPException(400, { res: new Response(bodyOf(first), second) })
    case 'proxy': {
      // Answers with what it was sent.
      const customFetch = async ({ method, url, headers, body }: Request) =>
        new Response(body, { headers: { 'x-method': method, 'x-url': url, 'content-type': headers.get('content-type') ?? 'text/plain' } })
      return proxy('https://other.example/to', { ...c.req, headers: c.req.header(), customFetch })
    }
    case 'Response':
      return new Response(bodyOf(first), second)
    case 'Response.json':
      return Response.json(first, second)
    case 'Response.redirect':
      return Response.redirect('https://other.example/to', first)
    case 'c.res':
      c.res = new Response(bodyOf(first), second)
      return undefined
    case 'return c.res':
      c.res = new Response(bodyOf(first), second)
      c.header('x-late', 'yes')
      return c.res
    default:
      throw new Error('broken')
  }
}

/** Middleware that works on the request. */
const BEFORE: Record<string, MiddlewareHandler> = {
  'sets a variable': async (c, next) => {
    c.set('before', 'set')
    await next()
  },
  bodyLimit: bodyLimit({ maxSize: 10_000 }),
  'validator json': validator('json', (value) => value),
  'validator form': validator('form', (value) => value),
  ...Object.fromEntries(
    [...READS, 'parseBody' as const].map((read) => [
      `reads ${read}`,
      async (c: Context, next: () => Promise<void>) => {
        await c.req[read as 'text']().catch(() => {})
        await next()
      },
    ]),
  ),
  'reads a clone': async (c, next) => {
    await c.req.raw.clone().text()
    await next()
  },
  'sets a renderer': async (c, next) => {
    c.setRenderer((content) => c.html(`<main>${content}</main>`))
    await next()
  },
}
/** Middleware that works on the response. */
const AROUND: Record<string, MiddlewareHandler> = {
  cors: cors({ origin: 'https://app.example', credentials: true }),
  secureHeaders: secureHeaders(),
  compress: compress({ threshold: 100 }),
  etag: etag(),
  'sets before': async (c, next) => {
    c.header('x-before', 'yes')
    setCookie(c, 'session', 'x')
    await next()
  },
  'sets after': async (c, next) => {
    await next()
    c.header('x-after', 'yes')
    c.res.headers.append('vary', 'X-After')
  },
}
const TARGETS = ['json', 'query', 'form'] as const
const some = (of: object) => fc.uniqueArray(fc.constantFrom(...Object.keys(of)), { maxLength: 2 })
const cases = fc.record({
  sent,
  before: some(BEFORE),
  around: some(AROUND),
  /** What a validator that is given to `respondAsync` checks. */
  target: fc.option(fc.constantFrom(...TARGETS), { nil: undefined }),
  work: fc.oneof(
    fc.record({ calls: fc.array(fc.oneof(...looks, ...reads, ...headers), { maxLength: 5 }), answer: fc.oneof(...made) }),
    fc.record({ calls: fc.array(fc.oneof(...looks, ...reads), { maxLength: 5 }), answer: fc.oneof(...others) }),
    fc.record({ calls: fc.array(fc.oneof(...looks), { maxLength: 5 }), answer: call('proxy') }),
  ),
})
type Case = typeof cases extends fc.Arbitrary<infer C> ? C : never

/** Unwrapped and wrapped, behind all middleware, and without that which works on the response: it is not part of a result. */
const ROUTES = {
  ...{ direct: 'all/direct', asked: 'all/wrapped-asked', soon: 'all/wrapped-soon' },
  ...{ alone: 'one/direct', live: 'one/wrapped-live', stored: 'one/wrapped-stored' },
}
type Way = keyof typeof ROUTES
async function answersOf({ sent, before, around, target, work }: Case, send: Send) {
  let seen: unknown[][] = []
  const handler: Handler = async (c) => {
    seen = []
    for (const what of work.calls) seen.push([what, await act(c, what, target).catch(() => FAILED)])
    return respond(c, work.answer) as Response
  }
  const live = createJobs<Context>({ onError: () => {} })
  const stored = createJobs<Context>({ engine: inProcess({ replay: true }), path: '/stored', onError: () => {} })
  await stored.start()
  const pass: MiddlewareHandler = async (_c, next) => next()
  const check = target ? validator(target, (value: object) => value) : pass
  const carry = (c: Context) => ({ before: c.get('before') ?? null })
  const wrapped: Record<Way, readonly Handler[]> = {
    ...{ direct: [check, handler], alone: [check, handler], live: [respondAsync(live, 'live', check, handler)] },
    asked: [respondAsync(live, { operation: 'asked', when: 'preferred' }, check, handler)],
    soon: [respondAsync(live, { operation: 'soon', when: { afterMs: 20_000 } }, check, handler)],
    stored: [respondAsync(stored, { operation: 'stored', carry }, check, handler)],
  }
  const app = new Hono()
  app.onError((error, c) => {
    if (!(error instanceof HTTPException)) return c.text('broken', 500)
    const response = error.getResponse()
    return c.newResponse(response.body, response)
  })
  app.notFound((c) => c.text('nothing of that name', 404))
  app.use('/work/*', pass, ...before.map((name) => BEFORE[name] as MiddlewareHandler))
  app.use('/work/:id/all/*', pass, ...around.map((name) => AROUND[name] as MiddlewareHandler))
  for (const way of Object.keys(ROUTES) as Way[]) app.on(['GET', 'POST', 'PUT'], [`/work/:id/${ROUTES[way]}`], ...wrapped[way])
  app.route('/jobs', jobRoutes(live))
  app.route('/stored', jobRoutes(stored))
  const all: Partial<Record<Way, Answered>> = {}
  for (const way of Object.keys(ROUTES) as Way[]) {
    seen = []
    let answer = await send(app, `/work/%C3%BC/${ROUTES[way]}?q=1&q=2`, requestOf(sent))
    if (answer.status === 202) {
      const location = answer.headers.get('location')
      while ((await send(app, `${location}`, { headers: { prefer: 'wait=20' } })).status === 202);
      answer = await send(app, `${location}/result`)
    }
    all[way] = await answered(answer, seen)
  }
  await Promise.all([live.stop(), stored.stop()])
  return all as Record<Way, Answered>
}

/** What is not compared, because it is documented to be different, or because the unwrapped route does not work. */
function isOther({ sent: [, kind], before, around, work: { answer } }: Case, way: string): boolean {
  const [what, of] = answer
  // The application's own are Hono's own in another process.
  if (way === 'stored')
    return ['notFound', 'render'].includes(what) || (before.includes('reads formData') && !['form', 'query'].includes(kind))
  if (way === 'live') return false
  // What is compressed depends on its type, and on whether it is chunked, which a kept response is not.
  if (around.includes('compress') && !['json', 'text', 'html'].includes(what)) return true
  // The boundary of a form is part of its entity tag.
  if (around.includes('etag') && of === 'form') return true
  // What the context did not make may have header fields that cannot be changed, and loses what was set before.
  return around.some((name) => name === 'secureHeaders' || name === 'sets before') && /^(c\.res|return|proxy|R)/.test(what)
}

const inProcessSend: Send = async (to, path, init) => to.request(path, init)

const nodeSend = (): Promise<Send> => nodeSender((app: Hono, request, env) => app.fetch(request, env))

it.each([
  ['in process', async () => inProcessSend],
  ['behind @hono/node-server', nodeSend],
])('a result is what the handler would have answered, whatever it does: %s', async (where, sending) => {
  const send = await sending()
  const property = fc.asyncProperty(cases, async (one) => {
    const { direct, asked, soon, alone, live, stored } = await answersOf(one, send)
    for (const [way, result, wanted] of [
      ['asked', asked, direct],
      ['soon', soon, direct],
      ['live', live, alone],
      ['stored', stored, alone],
    ] as const) {
      if (isOther(one, way)) continue
      // The server cannot send all that can be made.
      if (wanted.status === 500 && where !== 'in process') continue
      if (wanted.body === 'broken' && way !== 'asked') {
        // What is thrown is not told. A request that was read before cannot be passed on unwrapped.
        if (one.work.answer[0] !== 'proxy') expect(result.status, way).toBe(500)
        continue
      }
      const got = comparable(result, wanted, way === 'live' || way === 'stored')
      // The server has a type of its own for what has none, and loses that of a Blob.
      const isUntyped = where !== 'in process' && [undefined, 'text/plain;charset=UTF-8'].includes(fieldOf(wanted, 'content-type'))
      if (isUntyped) expect(without(got, 'content-type'), way).toEqual(without(wanted, 'content-type'))
      else expect(got, way).toEqual(wanted)
    }
  })
  await fc.assert(property, { numRuns: 50 })
})
