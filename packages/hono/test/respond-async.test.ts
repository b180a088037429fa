import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { getConnInfo } from '@hono/node-server/conninfo'
import { createJobs, inProcess, type Jobs, type JobsOptions } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/hono'
import { type Context, type Handler, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { every } from 'hono/combine'
import { contextStorage, getContext, tryGetContext } from 'hono/context-storage'
import { setCookie } from 'hono/cookie'
import { cors } from 'hono/cors'
import { etag } from 'hono/etag'
import { HTTPException } from 'hono/http-exception'
import { jsx } from 'hono/jsx'
import { jsxRenderer, useRequestContext } from 'hono/jsx-renderer'
import { jwt, sign } from 'hono/jwt'
import { logger } from 'hono/logger'
import { requestId } from 'hono/request-id'
import { basePath, matchedRoutes, routePath } from 'hono/route'
import { validator } from 'hono/validator'
import { describe, expect, it, vi } from 'vitest'
import { expectJobsNeeded } from '../../../tests/without-jobs'

/** Takes only the message, as an engine of other processes does: the handler's request has to be rebuilt. */
const replaying = () => inProcess({ replay: true })
const WAYS: Record<string, () => JobsOptions<Context>> = { inline: () => ({}), replay: () => ({ engine: replaying() }) }

interface Document {
  readonly status: string
  readonly percentComplete?: number
  readonly error?: { readonly code: string }
}

/** Sends a request, waits for its job to end, and resolves to what the three URLs answered. */
async function follow(app: Hono, path: string, init: RequestInit = { method: 'POST' }) {
  const accepted = await app.request(path, init)
  const location = accepted.headers.get('location') ?? ''
  const document = await finished(app, location)
  return { accepted, document, result: await app.request(`${location}/result`) }
}

/** Polls, held by the server, until the job is over. */
async function finished(
  app: { request(path: string, init?: RequestInit): Response | Promise<Response> },
  location: string,
): Promise<Document> {
  for (;;) {
    const answer = await app.request(location, { headers: { prefer: 'wait=20' } })
    const document = (await answer.json()) as Document
    if (answer.status !== 202) return document
  }
}
const errorsOf = (options: JobsOptions<Context>) => {
  const errors: unknown[] = []
  const jobs = createJobs<Context>({ ...options, onError: (error) => errors.push(error) })
  void jobs.start()
  return { errors, jobs }
}
const serving = (jobs: Jobs<Context>) => new Hono().route('/jobs', jobRoutes(jobs))
const withResolvers = () => {
  let resolve = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
const json = (value: unknown) => ({ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) })

describe.each(Object.keys(WAYS))('%s', (way) => {
  const options = () => WAYS[way]?.() ?? {}

  it('takes the response of an HTTPException for the handler’s own', async () => {
    const { jobs, errors } = errorsOf(options())
    const app = serving(jobs).post(
      '/',
      respondAsync(jobs, 'a', (c) => {
        c.header('x-before', 'yes')
        throw new HTTPException(403, { message: 'not yours' })
      }),
    )
    const { document, result } = await follow(app, '/')
    expect(document).toMatchObject({ status: 'failed', error: { code: 'error_response' } })
    expect([result.status, await result.text(), result.headers.get('x-before')]).toEqual([403, 'not yours', 'yes'])
    expect(errors).toEqual([])
  })

  it('gives the handler what validators before it have checked', async () => {
    const { jobs } = errorsOf(options())
    const app = serving(jobs).post(
      '/:section',
      validator('json', (value: { month: string }) => ({ month: value.month, checked: true })),
      validator('query', (value) => value),
      validator('header', () => 0 as never),
      respondAsync(jobs, 'a', async (c) => {
        const { valid } = c.req as unknown as { valid(target: string): unknown }
        return c.json({
          json: valid.call(c.req, 'json'),
          query: valid.call(c.req, 'query'),
          header: valid.call(c.req, 'header'),
          again: await c.req.json(),
          param: c.req.param('section'),
        })
      }),
    )
    const { result } = await follow(app, '/reports?deep=1', json({ month: '2026-01' }))
    expect(await result.json()).toEqual({
      ...{ json: { month: '2026-01', checked: true }, query: { deep: '1' }, header: 0, again: { month: '2026-01' }, param: 'reports' },
    })
  })

  it('runs a validator that came with the handler before the 202', async () => {
    const { jobs } = errorsOf(options())
    const app = serving(jobs).post(
      '/',
      respondAsync(
        jobs,
        'a',
        validator('form', ({ day }, c) => (typeof day === 'string' ? { day: new Date(day) } : c.text('which day?', 422))),
        (c) => c.json({ day: c.req.valid('form').day.getTime() }),
      ),
    )
    const form = (day?: string) => ({ method: 'POST', body: new URLSearchParams(day && { day }) })
    const refused = await app.request('/', form())
    expect([refused.status, await refused.text()]).toEqual([422, 'which day?'])
    const { result } = await follow(app, '/', form('2026-01-02'))
    expect(await result.json()).toEqual({ day: Date.UTC(2026, 0, 2) })
  })

  it('keeps what earlier middleware set by c.header() on the 202 and off the result', async () => {
    const { jobs } = errorsOf(options())
    const app = new Hono()
    app.use(
      '/work',
      requestId({ generator: () => 'the-request' }),
      cors(),
      logger(() => {}),
      etag(),
      async (c, next) => {
        setCookie(c, 'session', 'x')
        await next()
      },
    )
    app.post(
      '/work',
      respondAsync(jobs, 'a', (c) => {
        setCookie(c, 'mine', '1')
        return c.json({ ok: true })
      }),
    )
    app.route('/jobs', jobRoutes(jobs))
    const { accepted, result } = await follow(app, '/work')
    expect(accepted.status).toBe(202)
    expect(accepted.headers.get('x-request-id')).toBe('the-request')
    expect(accepted.headers.get('access-control-allow-origin')).toBe('*')
    expect(accepted.headers.getSetCookie()).toEqual(['session=x; Path=/'])
    expect(accepted.headers.get('retry-after')).toMatch(/^\d+$/)
    expect(result.headers.getSetCookie()).toEqual(['mine=1; Path=/'])
    expect(result.headers.has('x-request-id')).toBe(false)
    expect(await result.json()).toEqual({ ok: true })
  })

  it('sends no Content-Type without a body, although earlier middleware sets one on everything', async () => {
    const { jobs } = errorsOf(options())
    const app = new Hono()
    app.use(async (c, next) => {
      c.header('content-type', 'application/json')
      await next()
    })
    app.post(
      '/typed',
      respondAsync(jobs, 'typed', () => new Response('{}')),
    )
    app.route('/jobs', jobRoutes(jobs))
    const { accepted } = await follow(app, '/typed', { method: 'POST', headers: { prefer: 'return=minimal' } })
    expect([accepted.status, accepted.headers.get('content-type'), await accepted.text()]).toEqual([202, null, ''])
    const purged = await app.request(accepted.headers.get('location') ?? '', { method: 'DELETE' })
    expect([purged.status, purged.headers.get('content-type')]).toEqual([204, null])
  })

  it('keeps them where nothing else has touched the answer', async () => {
    const { jobs } = errorsOf(options())
    const app = serving(jobs)
    app.use('/work', requestId({ generator: () => 'the-request' }))
    app.post(
      '/work',
      respondAsync(jobs, 'a', (c) => c.text('done')),
    )
    const { accepted, result } = await follow(app, '/work')
    expect([accepted.status, accepted.headers.get('x-request-id')]).toEqual([202, 'the-request'])
    expect(result.headers.has('x-request-id')).toBe(false)
  })

  it.each(['by c.header() alone', 'on c.res'])(
    'adds to the Vary and the cookies that earlier middleware has set %s, and has the last word in all else',
    async (set) => {
      const { jobs } = errorsOf(options())
      const app = new Hono()
      app.use(async (c, next) => {
        if (set === 'on c.res') c.res.headers.set('x-earlier', 'yes')
        else c.header('x-earlier', 'yes')
        c.header('vary', 'X-Tenant')
        c.header('cache-control', 'public, max-age=60')
        setCookie(c, 'session', 'x')
        await next()
        c.header('x-later', 'yes')
      })
      const handler = (c: Context) => {
        c.header('vary', 'Accept')
        c.header('cache-control', 'private, no-store')
        setCookie(c, 'mine', '1')
        setCookie(c, 'mine', '2')
        return c.json({ ok: true })
      }
      app.post('/plain', handler)
      app.post('/soon', respondAsync(jobs, { operation: 'soon', when: { afterMs: 20_000 } }, handler))
      app.post('/work', respondAsync(jobs, 'work', handler))
      app.route('/jobs', jobRoutes(jobs))
      const seen = async ({ status, headers }: Response) => ({
        ...{ status, vary: headers.get('vary'), cache: headers.get('cache-control'), earlier: headers.get('x-earlier') },
        ...{ later: headers.get('x-later'), cookies: headers.getSetCookie(), type: headers.get('content-type') },
      })
      const expected = { status: 200, vary: 'X-Tenant, Accept', cache: 'private, no-store', earlier: 'yes', later: 'yes' }
      const cookies = ['session=x; Path=/', 'mine=1; Path=/', 'mine=2; Path=/']
      const soon = await app.request('/soon', { method: 'POST' })
      expect(await seen(soon)).toEqual({ ...expected, cookies, type: 'application/json' })
      expect(await soon.json()).toEqual({ ok: true })
      const { accepted, result } = await follow(app, '/work')
      expect(await seen(result)).toEqual({ ...expected, cookies, type: 'application/json' })
      expect(await result.json()).toEqual({ ok: true })
      expect(await seen(accepted)).toMatchObject({
        ...{ status: 202, vary: 'X-Tenant, Prefer', cache: 'no-store', earlier: 'yes', later: 'yes', cookies: ['session=x; Path=/'] },
      })
      const status = await app.request(accepted.headers.get('location') ?? '')
      expect(await seen(status)).toMatchObject({ vary: expect.stringMatching(/^X-Tenant, Prefer/), cache: 'private, no-cache' })
    },
  )

  it('gives a response that the context did not make what c.header() said', async () => {
    const { jobs } = errorsOf(options())
    const app = serving(jobs).post(
      '/',
      respondAsync(jobs, 'a', (c) => {
        c.header('x-mine', 'yes')
        c.header('set-cookie', 'a=1')
        return new Response('plain', { headers: { 'x-own': 'too' } })
      }),
    )
    const { result } = await follow(app, '/')
    expect(await result.text()).toBe('plain')
    expect(result.headers.get('x-mine')).toBe('yes')
    expect(result.headers.get('x-own')).toBe('too')
    expect(result.headers.getSetCookie()).toEqual(['a=1'])
  })

  it('tells the handler where it is mounted', async () => {
    const { jobs } = errorsOf(options())
    const inner = new Hono().post(
      '/reports/:id',
      respondAsync(jobs, 'a', (c) =>
        c.json({ path: c.req.path, base: basePath(c), route: routePath(c), name: c.req.param('name'), id: c.req.param('id') } as object),
      ),
    )
    const app = serving(jobs).route('/of/:name', inner)
    const { result } = await follow(app, '/of/x%20y/reports/%2541?a=1')
    const expected = { path: '/of/x y/reports/%2541', base: '/of/x y', route: '/of/:name/reports/:id', name: 'x y', id: '%41' }
    expect(await result.json()).toEqual(expected)
  })

  it('fails a job whose handler passes the request on', async () => {
    const { jobs } = errorsOf(options())
    const app = serving(jobs).post(
      '/',
      respondAsync(jobs, 'a', async (_, next) => next()),
    )
    const { document, result } = await follow(app, '/')
    expect(document.error).toMatchObject({ code: 'handler_passed' })
    expect(result.status).toBe(404)
  })

  it('takes what a layout of the handler’s own renders', async () => {
    const { jobs } = errorsOf(options())
    const app = serving(jobs).post(
      '/',
      respondAsync(
        jobs,
        'a',
        async (c, next) => {
          c.setRenderer((content) => c.html(`<main>${content}</main>`))
          await next()
        },
        (c) => {
          c.status(201)
          return c.render('done')
        },
      ),
    )
    const { result } = await follow(app, '/')
    expect([result.status, await result.text()]).toEqual([201, '<main>done</main>'])
    expect(result.headers.get('location')).toBeNull()
  })

  it('reads a body by every method', async () => {
    const { jobs } = errorsOf(options())
    const app = serving(jobs).post(
      '/',
      respondAsync(jobs, 'a', async (c) => {
        const { req } = c
        const sizes = [(await req.text()).length, (await req.blob()).size, (await req.bytes()).length, (await req.arrayBuffer()).byteLength]
        return c.json({ sizes, json: await req.json(), raw: req.raw instanceof Request, used: req.raw.bodyUsed, method: req.raw.method })
      }),
    )
    const { result } = await follow(app, '/', json({ a: 1 }))
    expect(await result.json()).toEqual({ sizes: [7, 7, 7, 7], json: { a: 1 }, raw: true, used: true, method: 'POST' })
  })
})

describe('inline', () => {
  it('sees variables as they were when the handler’s turn came, env and the execution context', async () => {
    const { jobs } = errorsOf({})
    const app = new Hono<{ Bindings: { KEY: string }; Variables: { user: string } }>()
    app.use(async (c, next) => {
      c.set('user', 'ada')
      await next()
      c.set('user', 'gone')
    })
    app.post(
      '/',
      respondAsync(jobs, 'a', (c) => {
        c.executionCtx.waitUntil(Promise.resolve())
        return c.json({ user: c.get('user'), key: c.env.KEY, routes: matchedRoutes(c).length, base: basePath(c) })
      }),
    )
    app.route('/jobs', jobRoutes(jobs))
    const waitUntil = vi.fn()
    const context = { waitUntil, passThroughOnException() {}, props: {} }
    const accepted = await app.request('/', { method: 'POST' }, { KEY: 'k' }, context)
    const location = accepted.headers.get('location') ?? ''
    await finished(app, location)
    const result = await app.request(`${location}/result`)
    expect(await result.json()).toEqual({ user: 'ada', key: 'k', routes: 2, base: '/' })
    expect(waitUntil).toHaveBeenCalledOnce()
  })

  it('uses the not-found page and the layout of the application, without the fields of the 202', async () => {
    const { jobs } = errorsOf({})
    const app = serving(jobs)
    app.notFound((c) => c.text('nothing of that name', 404))
    app.use(async (c, next) => {
      c.setRenderer((content) => c.html(`<main>${content}</main>`))
      await next()
    })
    app.post(
      '/missing',
      respondAsync(jobs, 'missing', (c) => c.notFound()),
    )
    app.post(
      '/page',
      respondAsync(jobs, 'page', (c) => {
        c.header('x-page', '1')
        c.status(201)
        return c.render('done')
      }),
    )
    const missing = (await follow(app, '/missing')).result
    expect([missing.status, await missing.text(), missing.headers.get('location')]).toEqual([404, 'nothing of that name', null])
    const page = (await follow(app, '/page')).result
    expect([page.status, await page.text(), page.headers.get('x-page')]).toEqual([201, '<main>done</main>', '1'])
    expect(page.headers.get('location')).toBeNull()
    expect(page.headers.get('retry-after')).toBeNull()
  })

  it('shows a layout of the application what the handler has set', async () => {
    const { jobs } = errorsOf({})
    const app = serving(jobs)
    app.notFound((c) => c.text(`nothing of ${c.get('title' as never)}`, 404))
    app.use(jsxRenderer(({ children }) => jsx('main', { title: useRequestContext().get('title') }, children)))
    const handler = (c: Context) => {
      c.set('title', 'Reports')
      return c.req.path === '/missing' ? c.notFound() : c.render(jsx('p', {}, 'done') as never)
    }
    app.post('/page', respondAsync(jobs, 'page', handler))
    app.post('/missing', respondAsync(jobs, 'missing', handler))
    expect(await (await follow(app, '/page')).result.text()).toContain('<main title="Reports"><p>done</p></main>')
    expect(await (await follow(app, '/missing')).result.text()).toBe('nothing of Reports')
  })

  it('nests a layout of the handler’s own in that of the application', async () => {
    const { jobs } = errorsOf({})
    const app = serving(jobs)
    app.use(jsxRenderer(({ children }) => jsx('main', {}, children)))
    const nested = jsxRenderer(({ children, Layout }) => jsx(Layout, {}, jsx('section', {}, children)))
    const handler = every(nested, async (c: Context) => c.render(jsx('p', {}, 'done') as never))
    app.get('/bare', handler as never)
    app.post('/page', respondAsync(jobs, 'page', handler as never))
    const bare = await (await app.request('/bare')).text()
    expect(bare).toContain('<main><section><p>done</p></section></main>')
    expect(await (await follow(app, '/page')).result.text()).toBe(bare)
  })

  it('keeps what earlier middleware has set off a rendered result, before the answer and after it', async () => {
    const { jobs } = errorsOf({})
    const app = serving(jobs)
    app.use('/work/*', async (c, next) => {
      c.header('x-earlier', 'yes')
      setCookie(c, 'a', '1')
      setCookie(c, 'b', '2')
      await next()
    })
    const handler = (c: Context) => c.render('done' as never)
    app.post('/work/soon', respondAsync(jobs, { operation: 'soon', when: { afterMs: 20_000 } }, handler))
    app.post('/work/later', respondAsync(jobs, 'later', handler))
    const { result } = await follow(app, '/work/later')
    expect([result.headers.getSetCookie(), result.headers.get('x-earlier')]).toEqual([[], null])
    const soon = await app.request('/work/soon', { method: 'POST' })
    expect(soon.headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2; Path=/'])
  })

  it('has what the layout of the application sets on the result alone, at every attempt', async () => {
    const { jobs } = errorsOf({})
    const app = serving(jobs)
    app.use(jsxRenderer(({ children }) => jsx('main', {}, children), { stream: true })) // says Content-Encoding and Transfer-Encoding
    let failed = false
    const handler = async (c: Context) => {
      const page = await c.render(jsx('p', {}, 'done') as never)
      if (c.req.path === '/again' && !failed) {
        failed = true
        throw new Error('not yet')
      }
      return page
    }
    app.post('/page', respondAsync(jobs, 'page', handler))
    app.post('/again', respondAsync(jobs, { operation: 'again', retries: 1, backoffMs: 0 }, handler))
    const { result } = await follow(app, '/page')
    expect([result.headers.get('content-encoding'), await result.text()]).toEqual(['Identity', '<!DOCTYPE html><main><p>done</p></main>'])
    expect((await follow(app, '/again')).result.headers.get('content-encoding')).toBe('Identity')
    const waited = await app.request('/page', { method: 'POST', headers: { prefer: 'wait=20' } })
    expect([waited.status, waited.headers.get('transfer-encoding')]).toEqual([200, null]) // with a length a client would refuse it
  })

  it('has it on a server of Node, too', async () => {
    const { jobs } = errorsOf({})
    const app = serving(jobs)
    app.notFound((c) => {
      c.header('x-page', 'missing')
      return c.text('nothing of that name', 404)
    })
    let failed = false
    const handler = async (c: Context) => {
      const page = await c.notFound()
      if (failed) return page
      failed = true
      throw new Error('not yet')
    }
    app.post('/missing', respondAsync(jobs, { operation: 'missing', retries: 1, backoffMs: 0 }, handler))
    const server = createServer(getRequestListener(app.fetch))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const accepted = await fetch(`http://127.0.0.1:${port}/missing`, { method: 'POST' })
    const location = accepted.headers.get('location') ?? ''
    await finished(app, location)
    expect((await app.request(`${location}/result`)).headers.get('x-page')).toBe('missing')
    server.close()
  })

  it('keeps an answer of a status that has no body, whatever the handler gave it: a server of Node sends it', async () => {
    const { jobs } = errorsOf({})
    const app = serving(jobs)
    const handlers: Handler[] = [
      (c) => {
        c.status(204)
        return c.text('not sent', undefined, { 'x-own': 'yes' })
      },
      () => new Response('not sent', { status: 204, headers: { 'x-own': 'yes' } }),
    ]
    for (const [at, handler] of handlers.entries()) {
      app.post(`/bare/${at}`, handler)
      app.post(`/wrapped/${at}`, respondAsync(jobs, `${at}`, handler))
    }
    const server = createServer(getRequestListener(app.fetch))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const post = (path: string) => fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST' })
    for (const at of handlers.keys()) {
      const bare = await post(`/bare/${at}`)
      expect([bare.status, bare.headers.get('x-own')]).toEqual([204, 'yes'])
      const location = (await post(`/wrapped/${at}`)).headers.get('location') ?? ''
      expect((await finished(app, location)).status).toBe('succeeded')
      const result = await app.request(`${location}/result`)
      expect([result.status, result.headers.get('x-own'), await result.text()]).toEqual([204, 'yes', ''])
    }
    server.close()
  })

  it.each<[string, Handler]>([
    ['returned', () => new Response(new Blob(['pixels'], { type: 'image/png' }))],
    ['made by the context', (c) => c.body(new Blob(['pixels'], { type: 'image/png' }) as never)],
    [
      'set as c.res',
      (c) => {
        c.res = new Response(new Blob(['pixels'], { type: 'image/png' }))
        return c.res
      },
    ],
  ])('has the type of a Blob, %s, also on a server of Node', async (_, handler) => {
    const { jobs } = errorsOf({})
    const app = serving(jobs).use('/bare', cors())
    app.post('/bare', handler)
    app.post('/wrapped', respondAsync(jobs, 'a', handler))
    const server = createServer(getRequestListener(app.fetch))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const post = (path: string) => fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST' })
    expect((await post('/bare')).headers.get('content-type')).toBe('image/png')
    const location = (await post('/wrapped')).headers.get('location') ?? ''
    await finished(app, location)
    const result = await app.request(`${location}/result`)
    expect([result.headers.get('content-type'), await result.text()]).toEqual(['image/png', 'pixels'])
    server.close()
  })

  it('has the request that the handler puts in the place of its own', async () => {
    const { jobs } = errorsOf({})
    const app = serving(jobs).post(
      '/',
      respondAsync(jobs, 'a', async (c) => {
        const before = await c.req.text()
        c.req.raw = new Request('http://other/path?b=2', { method: 'PUT', body: 'another', headers: { 'x-other': 'yes' } })
        const { method, url } = c.req
        return c.json({ before, method, url, query: c.req.query(), other: c.req.header('x-other'), text: await c.req.text() })
      }),
    )
    const { result } = await follow(app, '/?a=1', { method: 'POST', body: 'the body' })
    expect(await result.json()).toEqual({
      ...{ before: 'the body', method: 'PUT', url: 'http://other/path?b=2', query: { b: '2' }, other: 'yes', text: 'another' },
    })
  })

  it('runs a handler that has waited for its turn in the async context of its request', async () => {
    const { jobs } = errorsOf({ engine: inProcess({ concurrency: 1 }) })
    const app = serving(jobs)
    app.use('/work', contextStorage(), async (c, next) => {
      c.set('user' as never, c.req.header('x-user') as never)
      await next()
    })
    app.post(
      '/work',
      respondAsync(jobs, { operation: 'a', retries: 1, backoffMs: 1 }, async (c) => {
        await new Promise((resolve) => setTimeout(resolve, 1))
        if (c.get('job').attempt === 1) throw new Error('again')
        return c.json(getContext().get('user' as never))
      }),
    )
    const users = ['ada', 'bob', 'cleo', 'dan']
    const followed = users.map((user) => follow(app, '/work', { method: 'POST', headers: { 'x-user': user } }))
    const seen = await Promise.all(followed.map(async (one) => (await one).result.json()))
    expect(seen).toEqual(users)
  })

  it('runs a handler with a stored request in no async context: that of who is there by then is of another', async () => {
    const { jobs } = errorsOf({ engine: replaying() })
    const app = serving(jobs)
    app.use('/work', contextStorage())
    app.post(
      '/work',
      respondAsync(jobs, 'a', async (c) => {
        await new Promise((resolve) => setTimeout(resolve, 1))
        return c.json(tryGetContext()?.req.header('x-user') ?? 'nobody')
      }),
    )
    await jobs.start()
    const followed = ['ada', 'bob', 'cleo'].map((user) => follow(app, '/work', { method: 'POST', headers: { 'x-user': user } }))
    const seen = await Promise.all(followed.map(async (one) => (await one).result.json()))
    expect(seen).toEqual(['nobody', 'nobody', 'nobody'])
  })

  it('gives the handler’s own context to helpers, where the storage is given to it too', async () => {
    const { jobs } = errorsOf({})
    const app = serving(jobs)
    app.use('/work', contextStorage())
    const helper = async () => {
      const c = getContext()
      setCookie(c, 'helped', '1')
      return { late: c.get('late' as never), job: c.get('job').operation, text: await c.req.text() }
    }
    const handler = async (c: Context) => {
      c.set('late', 'yes')
      return c.json(await helper())
    }
    app.post('/work', respondAsync(jobs, 'a', every(contextStorage(), handler)))
    const { result } = await follow(app, '/work', { method: 'POST', body: 'the body' })
    expect(await result.json()).toEqual({ late: 'yes', job: 'a', text: 'the body' })
    expect(result.headers.getSetCookie()).toEqual(['helped=1; Path=/'])
  })

  it('asks for no execution context where there is none: Hono throws, which costs as much as a poll', async () => {
    const { jobs } = errorsOf({})
    const asked = vi.fn()
    const app = new Hono().use(async (c, next) => {
      Object.defineProperty(c, 'executionCtx', { get: asked })
      await next()
    })
    app.post(
      '/work',
      respondAsync(jobs, 'a', (c) => c.text('done')),
    )
    app.route('/jobs', jobRoutes(jobs))
    const { result } = await follow(app, '/work', { method: 'POST', body: 'the body', headers: { 'idempotency-key': 'a' } })
    expect(await result.text()).toBe('done')
    expect(asked).not.toHaveBeenCalled()
  })

  it('goes on when the client leaves after the 202, and still knows the client’s address', async () => {
    const { jobs, errors } = errorsOf({})
    const gate = withResolvers()
    const app = serving(jobs).post(
      '/',
      respondAsync(jobs, 'a', async (c) => {
        await gate.promise
        const { address } = getConnInfo(c).remote
        return c.json({ aborted: [c.req.raw.signal.aborted, c.get('job').signal.aborted], body: await c.req.raw.text(), address })
      }),
    )
    const left = withResolvers()
    const listener = getRequestListener(app.fetch)
    const server = createServer((request, response) => {
      request.socket.once('close', () => left.resolve())
      listener(request, response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const location = await new Promise<string>((resolve, reject) => {
      const sent = httpRequest({ port, host: '127.0.0.1', method: 'POST', path: '/' }, (response) => {
        resolve(String(response.headers.location))
        response.destroy()
      })
      sent.on('error', reject).end('the body')
    })
    await left.promise
    gate.resolve()
    expect((await finished(app, location)).status).toBe('succeeded')
    expect(await (await app.request(`${location}/result`)).json()).toEqual({
      ...{ aborted: [false, false], body: 'the body', address: '127.0.0.1' },
    })
    expect(errors).toEqual([])
    server.close()
  })
})

describe('replay', () => {
  it('has what carry lifted out of earlier middleware, and no secrets', async () => {
    const { jobs } = errorsOf({ engine: replaying() })
    const app = new Hono<{ Variables: { jwtPayload: { sub: string } } }>()
    app.use('/work', jwt({ secret: 'key', alg: 'HS256' }))
    app.post(
      '/work',
      respondAsync(jobs, { operation: 'a', carry: (c) => ({ jwtPayload: c.get('jwtPayload') as { sub: string } }) }, (c) =>
        c.json({
          sub: c.get('jwtPayload').sub,
          authorization: c.req.header('authorization') ?? null,
          carried: c.get('job').carry.jwtPayload,
        }),
      ),
    )
    app.route('/jobs', jobRoutes(jobs))
    const authorization = `Bearer ${await sign({ sub: 'ada' }, 'key', 'HS256')}`
    expect((await app.request('/work', { method: 'POST' })).status).toBe(401)
    const { result } = await follow(app as unknown as Hono, '/work', { method: 'POST', headers: { authorization } })
    expect(await result.json()).toEqual({ sub: 'ada', authorization: null, carried: { sub: 'ada' } })
  })

  it('says what to do where validated data could not be stored', async () => {
    const { jobs, errors } = errorsOf({ engine: replaying() })
    const app = serving(jobs).post(
      '/',
      validator('query', ({ forever }) => (forever === undefined ? { day: new Date(0) } : { days: Number.POSITIVE_INFINITY })),
      respondAsync(jobs, 'a', (c) => c.json(c.req.valid('query' as never))),
    )
    expect((await follow(app, '/')).document.status).toBe('failed')
    expect((await follow(app, '/?forever')).document.status).toBe('failed')
    expect(errors.map(String)).toEqual(Array(2).fill(expect.stringContaining('pass its validator to respondAsync()')))
  })

  it('takes a request whose validated body is nested too deep to be stored', async () => {
    const { jobs, errors } = errorsOf({ engine: replaying() })
    const app = serving(jobs).post(
      '/',
      validator('json', (value: object) => value),
      respondAsync(jobs, 'a', async (c) => c.json((await c.req.text()).length)),
    )
    const body = `${'['.repeat(50_000)}${']'.repeat(50_000)}`
    const { accepted, result } = await follow(app, '/', { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    expect([accepted.status, await result.json(), errors]).toEqual([202, 100_000, []])
  })

  it('runs a job that was made without HTTP', async () => {
    const { jobs } = errorsOf({})
    const app = serving(jobs).post(
      '/',
      respondAsync(jobs, 'a', async (c) => c.json({ got: await c.req.json(), url: c.req.path })),
    )
    const { id } = await jobs.submit('a', { month: '2026-01' })
    await finished(app, `/jobs/${id}`)
    expect(await (await app.request(`/jobs/${id}/result`)).json()).toEqual({ got: { month: '2026-01' }, url: '/' })
  })
})

describe('the route', () => {
  it('runs the handler as if it were not wrapped for a client that does not ask for a job', async () => {
    const { jobs } = errorsOf({})
    const app = serving(jobs).post(
      '/',
      respondAsync(jobs, { operation: 'a', when: 'preferred' }, async (c) => {
        await c.get('job').progress(50)
        return c.json({ body: await c.req.json(), aborted: c.get('job').signal.aborted }, 201)
      }),
    )
    const plain = await app.request('/', json({ a: 1 }))
    expect([plain.status, await plain.json()]).toEqual([201, { body: { a: 1 }, aborted: false }])
    const preferred = await app.request('/', {
      ...json({ a: 1 }),
      headers: { 'content-type': 'application/json', prefer: 'respond-async' },
    })
    expect(preferred.status).toBe(202)
  })

  it('refuses a body above its limit, announced, streamed, or read before', async () => {
    const { jobs } = errorsOf({ engine: replaying() })
    const app = serving(jobs)
    const limited = { maxBodyBytes: 10 }
    const done = (c: Context) => c.text('done')
    app.post('/plain', respondAsync(jobs, { operation: 'plain', ...limited }, done))
    app.post(
      '/read',
      validator('json', (value) => value),
      respondAsync(jobs, { operation: 'read', ...limited }, done),
    )
    app.post('/limited', bodyLimit({ maxSize: 1_000 }), respondAsync(jobs, { operation: 'limited', ...limited }, done))
    const body = { ...json({ text: 'more than ten bytes' }) }
    const announced = { ...body, headers: { ...body.headers, 'content-length': '31' } }
    for (const path of ['/plain', '/read', '/limited'])
      for (const init of [body, announced]) expect((await app.request(path, init)).status, path).toBe(413)
    expect((await app.request('/limited', json('ten bytes'.slice(0, 8)))).status).toBe(202)
  })

  it('minds no body that earlier middleware could not read as a form', async () => {
    const { jobs } = errorsOf({})
    const app = serving(jobs)
    app.use('/work', async (c, next) => {
      c.set('form' as never, (await c.req.formData().catch(() => 'none')) as never)
      await next()
    })
    app.all(
      '/work',
      respondAsync(jobs, 'a', (c) => c.json({ form: c.get('form' as never) })),
    )
    for (const init of [json({ a: 1 }), { method: 'GET' }])
      expect(await (await follow(app, '/work', init)).result.json()).toEqual({ form: 'none' })
  })

  it('says what to do where the body was read behind its back and has to be stored', async () => {
    const { jobs } = errorsOf({ engine: replaying() })
    const app = serving(jobs)
    app.onError((error) => new Response(error.message, { status: 500 }))
    app.post(
      '/',
      async (c, next) => {
        await c.req.raw.text()
        await next()
      },
      respondAsync(jobs, 'a', (c) => c.text('done')),
    )
    expect(await (await app.request('/', json({}))).text()).toContain('clone()')
  })
})

it('refuses what is no handler', () => {
  const jobs = createJobs()
  const wrap = respondAsync as (...args: unknown[]) => unknown
  for (const handlers of [[], [undefined], ['text'], [() => {}, undefined], [undefined, () => {}]])
    expect(() => wrap(jobs, 'op', ...handlers)).toThrow('respondAsync("op") needs a name and a handler function')
})

it('refuses at once what is no jobs', () => {
  const wrap = respondAsync as (...args: unknown[]) => unknown
  expectJobsNeeded({ respondAsync: (none) => wrap(none, 'op', () => {}), jobRoutes })
  expect(() => wrap(createJobs())).toThrow('needs a name and a handler function')
})

describe('the job routes', () => {
  it('refuse an option that there is not', () => {
    expect(() => jobRoutes(createJobs(), { ownr: () => 'ann' } as object)).toThrow('jobRoutes: ownr is not an option')
  })

  it('make links of the path as it was sent', async () => {
    const { jobs } = errorsOf({})
    const app = new Hono()
    app.post(
      '/work',
      respondAsync(jobs, 'a', (c) => c.text('done')),
    )
    app.route('/of/:name/jobs', jobRoutes(jobs))
    const id = (await app.request('/work', { method: 'POST' })).headers.get('location')?.split('/').at(-1)
    for (const name of ['x%20y', 'caf%C3%A9', 'a%2Fb', '100%25']) {
      const status = await app.request(`/of/${name}/jobs/${id}?a=1`)
      expect(status.headers.get('content-location')).toBe(`/of/${name}/jobs/${id}`)
    }
  })

  it('may be all that there is below a root', async () => {
    const { jobs } = errorsOf({})
    respondAsync(jobs, 'a', (c) => c.text('done'))
    const { id } = await jobs.submit('a', {})
    const status = await new Hono().route('/', jobRoutes(jobs)).request(`/${id}`)
    expect(status.headers.get('content-location')).toBe(`/${id}`)
  })

  it('answer where they are mounted, and leave the rest to the application', async () => {
    const jobs = createJobs({ path: '/api/v1/jobs' })
    const v1 = new Hono()
      .post(
        '/work',
        respondAsync(jobs, 'a', (c) => c.text('done')),
      )
      .route('/jobs', jobRoutes(jobs))
    const app = new Hono().basePath('/api').route('/v1', v1)
    app.notFound((c) => c.text('the application’s', 404))
    const { accepted, document, result } = await follow(app, '/api/v1/work')
    expect(accepted.headers.get('location')).toMatch(/^\/api\/v1\/jobs\//)
    expect(document.status).toBe('succeeded')
    expect(await result.text()).toBe('done')
    expect(await (await app.request('/api/v1/jobs/a/b/c')).text()).toBe('the application’s')
    expect(await (await app.request('/api/v1/jobsx')).text()).toBe('the application’s')
    const head = await app.request(accepted.headers.get('location') ?? '', { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
    expect(Number(head.headers.get('content-length'))).toBeGreaterThan(100)
  })

  it('stand under a path with a parameter', async () => {
    const { jobs } = errorsOf({})
    const app = new Hono()
      .post(
        '/t/:tenant/work',
        respondAsync(jobs, 'a', (c) => c.text('done')),
      )
      .route('/t/:tenant/jobs', jobRoutes(jobs))
    const id = (await app.request('/t/x/work', { method: 'POST' })).headers.get('location')?.split('/').at(-1)
    expect(await finished(app, `/t/x/jobs/${id}`)).toMatchObject({ status: 'succeeded', links: { result: `/t/x/jobs/${id}/result` } })
  })

  it('a response that is not waited for any longer is let go of', async () => {
    const canceled = vi.fn()
    const jobs = createJobs({ onError() {} })
    const app = new Hono()
      .post(
        '/work',
        respondAsync(jobs, { operation: 'silent', maxRunMs: 50 }, (c) => c.body(new ReadableStream({ cancel: canceled }))),
      )
      .route('/jobs', jobRoutes(jobs))
    const { headers } = await app.request('/work', { method: 'POST' })
    const wait = { headers: { prefer: 'wait=5' } }
    expect(await (await app.request(headers.get('location') ?? '', wait)).json()).toMatchObject({ status: 'failed' })
    expect(canceled).toHaveBeenCalledOnce()
  })

  it('show a job to its owner alone', async () => {
    const jobs = createJobs<Context>({ owner: (c) => c.req.header('x-user') })
    const app = new Hono()
      .post(
        '/work',
        respondAsync(jobs, 'a', (c) => c.text('done')),
      )
      .route('/jobs', jobRoutes(jobs))
    const accepted = await app.request('/work', { method: 'POST', headers: { 'x-user': 'ada' } })
    const location = accepted.headers.get('location') ?? ''
    expect((await app.request(location, { headers: { 'x-user': 'ada' } })).status).toBeLessThan(300)
    expect((await app.request(location, { headers: { 'x-user': 'eve' } })).status).toBe(404)
    const all = new Hono().route('/jobs', jobRoutes(jobs, { owner: () => 'ada' }))
    expect((await all.request(location)).status).toBeLessThan(300)
  })
})
