import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { finished } from 'node:stream'
import { createJobs, inProcess } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/express'
import type { Express, Request, RequestHandler, Response } from 'express'
import { describe, expect, it, vi } from 'vitest'
import { json, replaying, serve, VERSIONS, WAYS } from './service'

/** All that a handler can see of its request, as JSON. */
const see = (req: Request, res: Response) =>
  void res.json({
    ...{ method: req.method, url: req.url, originalUrl: req.originalUrl, baseUrl: req.baseUrl, path: req.path },
    ...{ params: req.params, query: req.query, body: req.body },
    ...{ httpVersion: req.httpVersion, major: req.httpVersionMajor, minor: req.httpVersionMinor },
    ...{ ip: req.ip, ips: req.ips, protocol: req.protocol, secure: req.secure, hostname: req.hostname, subdomains: req.subdomains },
    ...{
      fresh: req.fresh,
      xhr: req.xhr,
      isJson: req.is('json'),
      accepts: req.accepts('html', 'json'),
      language: req.acceptsLanguages('de'),
    },
    ...{ trace: req.get('X-Trace'), length: req.get('content-length'), remote: req.socket.remoteAddress, complete: req.complete },
    ...{
      setting: req.app.get('our setting'),
      own: (req as { greet?(): string }).greet?.(),
      sent: res.headersSent,
      powered: res.get('x-from'),
    },
  })

/** Whether the runtime can make JSON of a value, however deep: Node can from version 26 on. */
function canSerialize(value: unknown): boolean {
  try {
    return JSON.stringify(value) !== ''
  } catch {
    return false
  }
}

for (const [version, express] of Object.entries(VERSIONS))
  describe(version, () => {
    it('shows the handler the same request whether it is wrapped or not, inline and in a replay', async () => {
      const app: Express = express().set('trust proxy', true).set('query parser', 'extended').set('our setting', 5)
      const inner: Express = express().set('query parser', 'extended')
      const router = express.Router({ mergeParams: true })
      Object.assign(app.request, {
        greet(this: Request) {
          return `hello ${this.get('x-trace')}`
        },
      })
      router.use(express.json())
      const [inline, replay] = [createJobs<Request>({ path: '/a' }), createJobs<Request>({ path: '/b', engine: replaying() })]
      void replay.start()
      router.post('/bare/:month', see)
      router.post('/inline/:month', respondAsync(inline, 'see', see))
      router.post('/replay/:month', respondAsync(replay, 'see', see))
      app.use('/api/:tenant', router)
      inner.use('/deep', router)
      app.use('/sub', inner)
      app.use('/a', jobRoutes(inline)).use('/b', jobRoutes(replay))
      const { call, whole } = await serve(app)
      const headers = {
        ...{
          'content-type': 'application/json',
          'x-trace': 'caf\u00e9',
          'x-requested-with': 'XMLHttpRequest',
          'accept-language': 'de-CH, de',
        },
        ...{ 'x-forwarded-for': '203.0.113.7, 10.0.0.1', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'a.b.example.com' },
      }
      for (const [prefix, body] of [
        ['/api/acme', '{"deep": [1, {"x": null}]}'],
        ['/sub/deep', '[]'],
      ]) {
        const at = (way: string) => `${prefix}/${way}/caf%C3%A9?tag=a&tag=b&filter[by]=x`
        const asBare = (text: string) => JSON.parse(text.replaceAll(/\/(?:inline|replay)\//g, '/bare/'))
        const bare = await (await call(at('bare'), { method: 'POST', headers, body })).json()
        expect(bare).toMatchObject({
          params: { month: 'café' },
          query: { tag: ['a', 'b'], filter: { by: 'x' } },
          ip: '203.0.113.7',
          setting: 5,
        })
        for (const way of ['inline', 'replay']) {
          const { result } = await whole(at(way), { headers, body })
          expect(asBare(await result.text()), way).toEqual({ ...bare, length: expect.any(String) })
        }
      }
    })

    it('gives a run in another process the application that it is told', async () => {
      const jobs = createJobs<Request>({ engine: replaying() })
      void jobs.start()
      const other = express().set('our setting', 'of the worker')
      const app = express().set('our setting', 'of the server')
      app.post(
        '/',
        respondAsync(jobs, { operation: 'told', app: other }, (req, res) => void res.json(req.app.get('our setting'))),
      )
      app.use('/jobs', jobRoutes(jobs))
      expect(await (await (await serve(app)).whole('/')).result.json()).toBe('of the worker')
    })

    it('gives a job that was made without HTTP its input as a JSON body, an empty query and empty locals', async () => {
      const jobs = createJobs<Request>()
      respondAsync(
        jobs,
        { operation: 'input', app: express() },
        (req, res) => void res.json({ parsed: req.body, type: req.get('content-type'), query: req.query, locals: res.locals }),
      )
      respondAsync(jobs, 'read', [express.json(), (req, res) => void res.json(req.body)])
      const app = express().use('/jobs', jobRoutes(jobs))
      const { finished, call } = await serve(app)
      const results = ['input', 'read'].map(async (operation) => {
        const { id } = await jobs.submit(operation, { month: '2026-01' })
        await finished(`/jobs/${id}`)
        return (await call(`/jobs/${id}/result`)).json()
      })
      const input = { month: '2026-01' }
      expect(await Promise.all(results)).toEqual([{ parsed: input, type: 'application/json', query: {}, locals: {} }, input])
    })

    it('shares res.locals and what others hung on the response, and sees what they had set', async () => {
      const jobs = createJobs<Request>({ engine: inProcess() })
      const app = express()
      app.use((_req, res, next) => {
        res.locals.nonce = 'n1'
        res.status(207).set('x-from', 'earlier')
        next(Object.assign(res, { translate: (word: string) => `${word}!` }) && undefined)
      })
      app.post(
        '/',
        respondAsync(jobs, 'locals', (_req, res) => {
          const { translate } = res as unknown as { translate(word: string): string }
          res.json([res.locals.nonce, res.get('x-from'), translate('hi')])
        }),
      )
      app.use('/jobs', jobRoutes(jobs))
      const { result, location } = await (await serve(app)).whole('/')
      expect([result.status, await result.json()]).toEqual([207, ['n1', 'earlier', 'hi!']])
      expect((await jobs.get(location.slice('/jobs/'.length)))?.response?.headers).not.toHaveProperty('x-from')
    })

    it.each(Object.entries(WAYS))('has the status that was set before it, as NestJS does: %s', async (_way, engine) => {
      const jobs = createJobs<Request>({ engine: engine() })
      void jobs.start()
      const app = express()
      const created: RequestHandler = (_req, res, next) => next(void res.status(201))
      app.post(
        '/',
        created,
        respondAsync(jobs, 'created', (_req, res) => void res.json('made')),
      )
      app.use('/jobs', jobRoutes(jobs))
      const { accepted, result } = await (await serve(app)).whole('/')
      expect([accepted.status, result.status, await result.json()]).toEqual([202, 201, 'made'])
    })

    it('leaves to the live ones what tells middleware of their end: on-finished keeps its listeners there', async () => {
      const jobs = createJobs<Request>()
      const app = express()
      app.use((req, res, next) => {
        for (const live of [req, res]) Object.assign(live, { __onFinished: () => {} })
        next()
      })
      app.post(
        '/',
        respondAsync(jobs, 'ends', (req, res) => void res.json(['__onFinished' in req, '__onFinished' in res])),
      )
      app.use('/jobs', jobRoutes(jobs))
      expect(await (await (await serve(app)).whole('/')).result.json()).toEqual([false, false])
    })

    it.each(Object.entries(WAYS))('sees the fields as earlier middleware has left them: %s', async (_way, engine) => {
      const jobs = createJobs<Request>({ engine: engine() })
      void jobs.start()
      const app = express()
      app.use((req, _res, next) => {
        req.headers['x-user'] = 'ada'
        next()
      })
      app.post(
        '/',
        respondAsync(jobs, 'fields', (req, res) => void res.json(req.get('x-user'))),
      )
      app.use('/jobs', jobRoutes(jobs))
      expect(await (await (await serve(app)).whole('/', { headers: { 'x-user': 'eve' } })).result.json()).toBe('ada')
    })

    it('sees values with which earlier middleware replaced those of Express', async () => {
      const jobs = createJobs<Request>()
      const app = express()
      const told = { ip: '203.0.113.7', ips: ['203.0.113.7'], protocol: 'https', host: 'a.example.com', hostname: 'a.example.com' }
      app.use((req, _res, next) => {
        for (const [name, value] of Object.entries(told)) Object.defineProperty(req, name, { get: () => value, configurable: true })
        next()
      })
      app.post(
        '/',
        respondAsync(jobs, 'told', (req, res) => {
          const { ip, ips, protocol, host, hostname, secure } = req
          res.json({ ip, ips, protocol, host, hostname, secure })
        }),
      )
      app.use('/jobs', jobRoutes(jobs))
      expect(await (await (await serve(app)).whole('/')).result.json()).toEqual({ ...told, secure: true })
    })

    it('sees in a replay, too, values with which earlier middleware replaced those of Express and the query', async () => {
      const jobs = createJobs<Request>({ engine: replaying() })
      void jobs.start()
      const app = express().set('query parser', 'extended')
      const told = { query: { n: 7, by: ['x'] }, ip: '203.0.113.7', ips: ['203.0.113.7'], protocol: 'https', hostname: 'a.example.com' }
      app.post('/told', (req, _res, next) => {
        for (const [name, value] of Object.entries(told)) Object.defineProperty(req, name, { value, configurable: true })
        next()
      })
      app.use((req, _res, next) => {
        if (req.path === '/moved') req.url = '/told-not?to=2'
        next()
      })
      app.post(
        ['/told', '/told-not'],
        respondAsync(jobs, 'told', ({ query, ip, ips, protocol, hostname }, res) => void res.json({ query, ip, ips, protocol, hostname })),
      )
      app.use('/jobs', jobRoutes(jobs))
      const { whole } = await serve(app)
      expect(await (await whole('/told?n=7&by=x')).result.json()).toEqual(told)
      const query = express === VERSIONS['Express 4'] ? { from: { a: '1' } } : { to: '2' } // 4 has parsed it before it was changed
      expect(await (await whole('/moved?from[a]=1')).result.json()).toMatchObject({ query, ip: '127.0.0.1', hostname: '127.0.0.1' })
    })

    it.each(Object.entries(WAYS))('tells that its client came over TLS, and where it still is its route: %s', async (way, engine) => {
      const jobs = createJobs<Request>({ engine: engine() })
      void jobs.start()
      const app = express()
      app.use((req, _res, next) => {
        Object.assign(req.socket, { encrypted: true }) // as that of a TLS server says
        next()
      })
      app.post(
        '/sent',
        respondAsync(jobs, 'sent', (req, res) => void res.json([req.protocol, req.secure, req.route?.path ?? 'none'])),
      )
      app.use('/jobs', jobRoutes(jobs))
      expect(await (await (await serve(app)).whole('/sent')).result.json()).toEqual(['https', true, way === 'inline' ? '/sent' : 'none'])
    })

    it('tells in a replay that there was a body, though an empty one', async () => {
      const jobs = createJobs<Request>({ engine: replaying() })
      void jobs.start()
      const app = express()
      const handlers: RequestHandler[] = [
        express.json(),
        (req, res) => void res.json([req.body, req.get('content-length'), req.is('json')]),
      ]
      app.post('/bare', handlers)
      app.post('/', respondAsync(jobs, 'empty', handlers))
      app.use('/jobs', jobRoutes(jobs))
      const { whole, call } = await serve(app)
      const headers = { 'content-type': 'application/json' } // fetch says that the length is 0
      const bare = await (await call('/bare', { method: 'POST', headers })).json()
      expect(bare).toEqual([{}, '0', 'json'])
      expect(await (await whole('/', { headers })).result.json()).toEqual(bare)
    })

    it.each(Object.entries(WAYS))('may be changed by the handler, deeply: %s', async (_way, engine) => {
      const jobs = createJobs<Request>({ engine: engine() })
      void jobs.start()
      const app = express().set('query parser', 'extended')
      const change: RequestHandler<{ month: string }> = (req, res) => {
        const query = req.query as { by: { n: unknown } }
        query.by.n = 7
        req.params.month = 'june'
        req.headers['x-trace'] = 'changed'
        res.json([query.by.n, req.params.month, req.get('x-trace')])
      }
      app.post('/:month', (req, _res, next) => {
        Object.defineProperty(req, 'query', { value: req.query }) // a getter parses it each time
        next()
      })
      app.post('/:month', respondAsync(jobs, 'changed', change))
      app.use('/jobs', jobRoutes(jobs))
      const { status, result } = await (await serve(app)).whole('/may?by[n]=1')
      expect([status.status, await result.json()]).toEqual(['succeeded', [7, 'june', 'changed']])
    })

    it.each(Object.entries(WAYS))(
      'lets validators put another query in the place of that of earlier middleware: %s',
      async (_way, engine) => {
        const jobs = createJobs<Request>({ engine: engine() })
        void jobs.start()
        const app = express()
        app.use((req, _res, next) => {
          Object.defineProperty(req, 'query', { value: { n: '1' }, writable: true, configurable: true })
          next()
        })
        const handlers: RequestHandler[] = [
          (req, _res, next) => {
            Object.assign(req, { query: { n: Number(req.query.n) } })
            next()
          },
          (req, _res, next) => {
            Object.defineProperty(req, 'query', { value: { ...req.query, more: true } })
            next()
          },
          (req, res) => void res.json(req.query),
        ]
        app.post('/', respondAsync(jobs, 'validated', handlers))
        app.use('/jobs', jobRoutes(jobs))
        expect(await (await (await serve(app)).whole('/')).result.json()).toEqual({ n: 1, more: true })
      },
    )

    it.each(Object.entries(WAYS))('has its fields line by line: %s', async (_way, engine) => {
      const jobs = createJobs<Request>({ engine: engine() })
      void jobs.start()
      const app = express()
      app.post(
        '/',
        respondAsync(jobs, 'lines', (req, res) => void res.json(req.headersDistinct['x-trace'])),
      )
      app.use('/jobs', jobRoutes(jobs))
      expect(await (await (await serve(app)).whole('/', { headers: { 'x-trace': 'one' } })).result.json()).toEqual(['one'])
    })

    it.each(Object.entries(WAYS))('is complete once it has been read: %s', async (_way, engine) => {
      const jobs = createJobs<Request>({ engine: engine() })
      void jobs.start()
      const app = express()
      app.post(
        '/',
        respondAsync(jobs, 'complete', async (req, res) => {
          const pieces = await req.toArray()
          res.json([String(Buffer.concat(pieces)), req.complete])
        }),
      )
      app.use('/jobs', jobRoutes(jobs))
      expect(await (await (await serve(app)).whole('/', { body: 'text' })).result.json()).toEqual(['text', true])
    })

    it.each(Object.entries(WAYS))('is at its end where earlier middleware has read it: %s', async (_way, engine) => {
      const jobs = createJobs<Request>({ engine: engine() })
      void jobs.start()
      const app = express()
      const closed = vi.fn()
      const wait: RequestHandler = (req, res) => {
        const before = [req.readable, req.readableEnded, req.complete]
        req.on('close', closed)
        finished(req, (error) => res.json([...before, error ?? 'ended']))
      }
      app.post('/bare', express.json(), wait)
      app.post('/', express.json(), respondAsync(jobs, { operation: 'wait', maxRunMs: 1_000 }, wait))
      app.use('/jobs', jobRoutes(jobs))
      const { whole, call } = await serve(app)
      expect(await (await call('/bare', json({}))).json()).toEqual([false, true, true, 'ended'])
      expect(await (await whole('/', json({}))).result.json()).toEqual([false, true, true, 'ended'])
      await vi.waitFor(() => expect(closed).toHaveBeenCalledTimes(2))
    })

    it('stores what a parser made of a body whose end it did not wait for', async () => {
      const jobs = createJobs<Request>({ engine: replaying() })
      void jobs.start()
      const app = express()
      app.post('/', (req, _res, next) => {
        let text = ''
        req.on('data', (chunk) => {
          text += chunk
          if (text !== '{"a":1}--') return
          req.body = JSON.parse(text.slice(0, -2))
          next()
        })
      })
      app.post(
        '/',
        respondAsync(jobs, 'early', (req, res) => void res.json(req.body)),
      )
      app.use('/jobs', jobRoutes(jobs))
      const service = await serve(app)
      const { whole, port, call } = service
      expect(await (await whole('/', { body: '{"a":1}--' })).result.json()).toEqual({ a: 1 })
      const sending = httpRequest({ port, method: 'POST', path: '/', headers: { 'content-length': 11 } })
      sending.write('{"a":1}--')
      const [{ headers }] = await once(sending, 'response')
      sending.end('\r\n')
      await service.finished(headers.location)
      expect(await (await call(`${headers.location}/result`)).json()).toEqual({ a: 1 })
    })

    it('refuses a parsed body that is nested too deep to be stored', async () => {
      const app = express()
      app.post(
        '/',
        express.json(),
        respondAsync(createJobs<Request>(), 'deep', (_req, res) => void res.json({})),
      )
      const { call } = await serve(app)
      const headers = { 'content-type': 'application/json', 'idempotency-key': 'k' }
      const body = `${'['.repeat(50_000)}${']'.repeat(50_000)}`
      const answer = await call('/', { method: 'POST', headers, body })
      expect([answer.status, (await answer.json()).code]).toEqual(
        canSerialize(JSON.parse(body)) ? [202, undefined] : [400, 'body-unreadable'],
      )
    })

    it('passes on to error handlers that were given with the handler', async () => {
      const jobs = createJobs<Request>()
      const app = express()
      const handlers = [
        () => {
          throw new Error('closed')
        },
        (error: Error, _req: Request, res: Response, _next: () => void) => void res.status(409).json(error.message),
      ]
      app.post('/', respondAsync(jobs, 'caught', [handlers] as never)) // nested as in app.post(), and typed for handlers of three parameters
      app.use('/jobs', jobRoutes(jobs))
      const { result } = await (await serve(app)).whole('/')
      expect([result.status, await result.json()]).toEqual([409, 'closed'])
    })

    it.each(['route', 'router'])('goes past those by next("%s"), which is no error: nobody has answered', async (word) => {
      const jobs = createJobs<Request>()
      const app = express()
      const handlers = [
        (_req: Request, _res: Response, next: (word: string) => void) => next(word),
        (error: Error, _req: Request, res: Response, _next: () => void) => void res.status(409).json(error),
      ]
      app.post('/', respondAsync(jobs, 'left', handlers as never)) // typed for handlers of three parameters
      app.use('/jobs', jobRoutes(jobs))
      const { status } = await (await serve(app)).whole('/')
      expect(status.error).toMatchObject({ code: 'handler_passed' })
    })

    it('lets a stored body be parsed again, whatever its coding', async () => {
      const jobs = createJobs<Request>({ engine: replaying() })
      void jobs.start()
      const app = express()
      app.post('/inside', respondAsync(jobs, 'inside', [express.json(), (req, res) => void res.json(req.body)]))
      app.post(
        '/before',
        express.json(),
        respondAsync(jobs, 'before', (req, res) => void res.json([req.body, req.get('content-encoding') ?? null])),
      )
      app.use('/jobs', jobRoutes(jobs))
      const { whole } = await serve(app)
      const gzip = new Blob([JSON.stringify({ a: 1 })]).stream().pipeThrough(new CompressionStream('gzip'))
      const body = new Uint8Array(await new Response(gzip).arrayBuffer())
      const zipped = { headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' }, body }
      expect(await (await whole('/inside', zipped)).result.json()).toEqual({ a: 1 })
      expect(await (await whole('/before', zipped)).result.json()).toEqual([{ a: 1 }, null])
      expect(await (await whole('/inside', json({ b: 2 }))).result.json()).toEqual({ b: 2 })
    })
  })
