import { AsyncLocalStorage } from 'node:async_hooks'
import { gzipSync } from 'node:zlib'
import { createJobs, inProcess } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/express'
import busboy from 'busboy'
import compression from 'compression'
import cors from 'cors'
import type { NextFunction, Request, Response } from 'express'
import session from 'express-session'
import { body, validationResult } from 'express-validator'
import helmet from 'helmet'
import multer from 'multer'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { json, serve, VERSIONS, WAYS } from './service'

const upload = () => {
  const form = new FormData()
  form.set('title', 'Holiday')
  form.set('photo', new File([new Uint8Array([0, 255, 128])], 'photo.bin'))
  return form
}

for (const [version, express] of Object.entries(VERSIONS))
  for (const [way, engine] of Object.entries(WAYS))
    describe(`${version}, ${way}`, () => {
      const make = () => {
        const jobs = createJobs<Request>({ engine: engine(), onError: () => {} })
        void jobs.start()
        return { jobs, app: express() }
      }

      it('lets busboy read an upload inside the handler', async () => {
        const { jobs, app } = make()
        app.post(
          '/',
          respondAsync(jobs, 'upload', (req, res) => {
            const seen: Record<string, unknown> = {}
            const form = busboy({ headers: req.headers })
            form.on('field', (name, value) => {
              seen[name] = value
            })
            form.on('file', (name, file, { filename }) => {
              file.on('data', (bytes: Buffer) => {
                seen[name] = [filename, ...bytes]
              })
            })
            form.on('close', () => res.json(seen))
            req.pipe(form)
          }),
        )
        app.use('/jobs', jobRoutes(jobs))
        const { result } = await (await serve(app)).whole('/', { body: upload() })
        expect(await result.json()).toEqual({ title: 'Holiday', photo: ['photo.bin', 0, 255, 128] })
      })

      it('keeps what express-validator found, and its refusal', async () => {
        const { jobs, app } = make()
        app.post('/', express.json(), body('month').isISO8601(), (req: Request, res: Response, next: NextFunction) => {
          const problems = validationResult(req)
          if (problems.isEmpty()) next()
          else res.status(400).json({ problems: problems.array().length })
        })
        app.post(
          '/',
          respondAsync(jobs, 'validated', (req, res) => void res.json({ ok: validationResult(req).isEmpty(), month: req.body.month })),
        )
        app.use('/jobs', jobRoutes(jobs))
        const { call, whole } = await serve(app)
        const refused = await call('/', json({ month: 'soon' }))
        expect([refused.status, await refused.json()]).toEqual([400, { problems: 1 }])
        expect(await (await whole('/', json({ month: '2026-01' }))).result.json()).toEqual({ ok: true, month: '2026-01' })
      })

      it('keeps the body that a schema made', async () => {
        const { jobs, app } = make()
        const schema = z.object({ month: z.string(), pages: z.coerce.number() })
        app.post(
          '/',
          express.json(),
          (req, _res, next) => {
            req.body = schema.parse(req.body)
            next()
          },
          respondAsync(jobs, 'parsed', (req, res) => void res.json(req.body)),
        )
        app.use('/jobs', jobRoutes(jobs))
        const { result } = await (await serve(app)).whole('/', json({ month: '2026-01', pages: '12', more: true }))
        expect(await result.json()).toEqual({ month: '2026-01', pages: 12 })
      })

      it.each(['json', 'text', 'raw'] as const)('counts a body of unknown length that express.%s() has read', async (parser) => {
        const { jobs, app } = make()
        app.post(
          '/',
          express[parser]({ type: () => true }),
          respondAsync(jobs, { operation: 'counted', maxBodyBytes: 10 }, (_req, res) => void res.end()),
        )
        app.use('/jobs', jobRoutes(jobs))
        const { call } = await serve(app)
        const send = async (text: string) => {
          const headers = { 'content-type': 'application/json' }
          const answer = await call('/', { method: 'POST', headers, body: new Blob([text]).stream(), duplex: 'half' } as RequestInit)
          return [answer.status, (await answer.json()).code]
        }
        expect(await send('["234567"]')).toEqual([202, undefined])
        expect(await send('["2345678"]')).toEqual([413, 'body-too-large'])
      })

      it.each(['json', 'text', 'raw'] as const)(
        'counts a compressed body as express.%s() has read it, not as it was sent',
        async (parser) => {
          const { jobs, app } = make()
          app.post(
            '/',
            express[parser]({ type: () => true, limit: '1mb' }),
            respondAsync(jobs, { operation: 'inflated', maxBodyBytes: 1_000 }, (_req, res) => void res.end()),
          )
          app.use('/jobs', jobRoutes(jobs))
          const { call } = await serve(app)
          const send = async (size: number) => {
            const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
            const body = gzipSync(`["${'x'.repeat(size - 4)}"]`)
            expect(body.length).toBeLessThan(1_000)
            const answer = await call('/', { method: 'POST', headers, body })
            return [answer.status, (await answer.json()).code]
          }
          expect(await send(1_000)).toEqual([202, undefined])
          expect(await send(1_001)).toEqual([413, 'body-too-large'])
          expect(await send(500_000)).toEqual([413, 'body-too-large'])
        },
      )

      it.runIf(way === 'inline')('takes a body of unknown length that is no JSON any more, where it is not stored', async () => {
        const { jobs, app } = make()
        app.post(
          '/',
          express.json(),
          (req, _res, next) => {
            req.body = { n: BigInt(req.body.n) }
            next()
          },
          respondAsync(jobs, 'exact', (req, res) => void res.json(String(req.body.n))),
        )
        app.use('/jobs', jobRoutes(jobs))
        const sent = { ...json({}), body: new Blob(['{"n":"7"}']).stream(), duplex: 'half' } as RequestInit
        expect(await (await (await serve(app)).whole('/', sent)).result.json()).toBe('7')
      })

      it('carries the user that earlier middleware has found', async () => {
        const { jobs, app } = make()
        const userOf = (req: object) => (req as { user?: string }).user ?? 'nobody'
        app.use((req, _res, next) => void next(Object.assign(req, { user: req.get('authorization')?.slice(7) }) && undefined))
        app.post(
          '/',
          respondAsync(jobs, { operation: 'mine', carry: (req) => ({ user: userOf(req) }) }, (req, res) => {
            res.json({ user: userOf(req), carried: req.job.carry, secret: req.get('authorization') ?? null })
          }),
        )
        app.use('/jobs', jobRoutes(jobs))
        const { result } = await (await serve(app)).whole('/', { headers: { authorization: 'Bearer ada' } })
        // Secrets are not stored for another process unless the route asks for it.
        expect(await result.json()).toEqual({ user: 'ada', carried: { user: 'ada' }, secret: way === 'inline' ? 'Bearer ada' : null })
      })

      it('carries values that Express has as getters, too', async () => {
        const { jobs, app } = make()
        const carry = ({ ip, protocol, hostname, path, query }: Request) => ({
          ip,
          protocol,
          hostname,
          path,
          query: query as { n: string },
        })
        app.post(
          '/:month',
          respondAsync(jobs, { operation: 'told', carry }, (req, res) => void res.json(carry(req))),
        )
        app.use('/jobs', jobRoutes(jobs))
        const { result } = await (await serve(app)).whole('/may?n=1')
        expect(await result.json()).toEqual({ ip: '127.0.0.1', protocol: 'http', hostname: '127.0.0.1', path: '/may', query: { n: '1' } })
      })

      it('sends no Content-Type without a body, although earlier middleware sets one on everything', async () => {
        const { jobs, app } = make()
        app.use((_req, res, next) => void next(res.type('json') && undefined))
        app.post(
          '/',
          respondAsync(jobs, 'typed', (_req, res) => void res.end('{}')),
        )
        app.use('/jobs', jobRoutes(jobs))
        const { whole, call } = await serve(app)
        const { accepted, location, result } = await whole('/', { headers: { prefer: 'return=minimal' } })
        expect([accepted.headers.get('content-type'), await accepted.text()]).toEqual([null, ''])
        expect(result.headers.get('content-type')).toBe('application/json; charset=utf-8')
        const { status, headers } = await call(location, { method: 'DELETE' })
        expect([status, headers.get('content-type')]).toEqual([204, null])
      })

      it('answers compressed where compression() is used, and stores what is not', async () => {
        const { jobs, app } = make()
        const long = { text: 'long '.repeat(1_000) }
        app.use(compression({ threshold: 200 }))
        app.post(
          '/',
          respondAsync(jobs, 'long', (_req, res) => void res.json(long)),
        )
        app.use('/jobs', jobRoutes(jobs))
        const { whole, call } = await serve(app)
        const { accepted, location, result } = await whole('/', { headers: { 'accept-encoding': 'gzip' } })
        expect(accepted.headers.get('content-encoding')).toBe('gzip')
        expect(accepted.headers.get('vary')).toBe('Prefer, Accept-Encoding')
        expect(result.headers.get('content-encoding')).toBe('gzip')
        expect(await result.json()).toEqual(long)
        const plain = await call(`${location}/result`, { headers: { 'accept-encoding': 'identity' } })
        expect(plain.headers.get('content-encoding')).toBe(null)
        expect(await plain.text()).toBe(JSON.stringify(long))
      })

      it('runs compression() with the handler too', async () => {
        const { jobs, app } = make()
        const long = { text: 'long '.repeat(1_000) }
        app.post('/', respondAsync(jobs, 'long', [compression(), (_req, res) => void res.json(long)]))
        app.use('/jobs', jobRoutes(jobs))
        const { result } = await (await serve(app)).whole('/', { headers: { 'accept-encoding': 'gzip' } })
        expect(result.headers.get('content-encoding')).toBe('gzip')
        expect(await result.json()).toEqual(long)
      })

      it('keeps the fields that cors() and helmet() set, on every answer and out of the result', async () => {
        const { jobs, app } = make()
        app.use(cors({ origin: 'https://page.example' }), helmet())
        app.post(
          '/',
          respondAsync(jobs, 'plain', (_req, res) => void res.set('x-own', 'yes').vary('Accept').send('ok')),
        )
        app.use('/jobs', jobRoutes(jobs))
        const { accepted, result, location } = await (await serve(app)).whole('/')
        expect(accepted.headers.get('vary')).toBe('Origin, Prefer')
        for (const { headers } of [accepted, result]) {
          expect(headers.get('access-control-allow-origin')).toBe('https://page.example')
          expect(headers.get('x-content-type-options')).toBe('nosniff')
        }
        expect(result.headers.get('vary')).toBe('Origin, Accept')
        const stored = (await jobs.get(location.slice('/jobs/'.length)))?.response?.headers ?? {}
        expect(Object.keys(stored).sort()).toEqual(['content-type', 'etag', 'vary', 'x-own'])
      })

      it('adds the cookies of the result to those of earlier middleware', async () => {
        const { jobs, app } = make()
        app.use((_req, res, next) => {
          res.cookie('visit', '1')
          next()
        })
        app.post(
          '/',
          respondAsync(jobs, 'cookies', (_req, res) => void res.cookie('a', '1').cookie('b', '2').send('ok')),
        )
        app.use('/jobs', jobRoutes(jobs))
        const { accepted, result } = await (await serve(app)).whole('/')
        expect(accepted.headers.getSetCookie()).toEqual(['visit=1; Path=/'])
        expect(result.headers.getSetCookie()).toEqual(['visit=1; Path=/', 'a=1; Path=/', 'b=2; Path=/'])
      })
    })

for (const [version, express] of Object.entries(VERSIONS))
  describe(version, () => {
    it('leaves the files of multer before the route to the handler', async () => {
      const jobs = createJobs<Request>()
      const app = express()
      const photo = multer({ storage: multer.memoryStorage() }).single('photo')
      app.post(
        '/',
        photo,
        respondAsync(jobs, 'upload', (req, res) => void res.json({ title: req.body.title, photo: [...(req.file?.buffer ?? [])] })),
      )
      app.use('/jobs', jobRoutes(jobs))
      const { result } = await (await serve(app)).whole('/', { body: upload() })
      expect(await result.json()).toEqual({ title: 'Holiday', photo: [0, 255, 128] })
    })

    it('leaves the session to the handler, and its cookie to the 202', async () => {
      const jobs = createJobs<Request>()
      const app = express()
      app.use(session({ secret: 'test', resave: false, saveUninitialized: true }))
      app.post(
        '/',
        respondAsync(jobs, 'session', async (req, res) => {
          const counted = req.session as unknown as { count?: number }
          counted.count = (counted.count ?? 0) + 1
          await new Promise((resolve) => req.session.save(resolve))
          res.json(counted.count)
        }),
      )
      app.use('/jobs', jobRoutes(jobs))
      const { whole } = await serve(app)
      const { accepted, result } = await whole('/')
      const [cookie = ''] = accepted.headers.getSetCookie()
      expect(cookie).toMatch(/^connect\.sid=/)
      expect(await result.json()).toBe(1)
      const again = await whole('/', { headers: { cookie: cookie.split(';')[0] ?? '' } })
      expect(again.accepted.headers.getSetCookie()).toEqual([])
      expect(await again.result.json()).toBe(2)
    })

    it('changes the session that the client has: regenerate(), destroy(), another in its place', async () => {
      const jobs = createJobs<Request>()
      const app = express()
      const userOf = (req: Request) => (req.session as { user?: string } | undefined)?.user ?? 'nobody'
      app.use(session({ secret: 'test', resave: false, saveUninitialized: true }))
      app.get('/who', (req, res) => void res.send(userOf(req)))
      app.post(
        '/login',
        respondAsync(jobs, 'login', (req, res, next) => {
          const before = req.sessionID
          req.session.regenerate((error) => {
            if (error) return next(error)
            Object.assign(req.session, { user: 'ada' })
            req.session.save(() => res.json([req.sessionID !== before, req.sessionID === req.session.id]))
          })
        }),
      )
      app.post(
        '/logout',
        respondAsync(jobs, 'logout', (req, res) => {
          req.session.destroy(() => res.json(userOf(req)))
        }),
      )
      app.post(
        '/in-time',
        respondAsync(jobs, { operation: 'in-time', when: { afterMs: 5_000 } }, (req, res) => {
          req.sessionStore.generate(req)
          Object.assign(req.session, { user: 'bob' })
          res.end()
        }),
      )
      app.use('/jobs', jobRoutes(jobs))
      const { whole, call } = await serve(app)
      const cookieOf = ({ headers }: globalThis.Response) => ({ cookie: headers.getSetCookie()[0]?.split(';')[0] ?? '' })
      const who = async (headers: { cookie: string }) => (await call('/who', { headers })).text()
      const headers = cookieOf(await call('/who'))
      expect(await (await whole('/login', { headers })).result.json()).toEqual([true, true])
      expect(await who(headers)).toBe('nobody') // whoever knew the cookie from before the login
      expect(await (await whole('/logout', { headers })).result.json()).toBe('nobody')
      const other = cookieOf(await call('/who'))
      expect(await who(cookieOf(await call('/in-time', { method: 'POST', headers: other })))).toBe('bob')
      expect(await who(other)).toBe('nobody')
    })

    const users = ['ada', 'bob', 'cleo', 'dan']
    it.each([
      ['a queued handler in the async context of its own request', inProcess({ concurrency: 1 }), users],
      ['a handler with a stored request in no async context', inProcess({ replay: true }), users.map(() => 'nobody')],
    ])('runs %s', async (_what, engine, expected) => {
      const jobs = createJobs<Request>({ engine })
      const app = express()
      const context = new AsyncLocalStorage<string>()
      app.use((req, _res, next) => context.run(req.get('x-user') ?? '', next))
      app.post(
        '/',
        respondAsync(jobs, 'context', async (_req, res) => {
          const before = context.getStore() ?? 'nobody'
          await new Promise((resolve) => setTimeout(resolve, 5))
          res.json([before, context.getStore() ?? 'nobody'])
        }),
      )
      app.use('/jobs', jobRoutes(jobs))
      await jobs.start()
      const { whole } = await serve(app)
      const seen = await Promise.all(users.map(async (user) => (await whole('/', { headers: { 'x-user': user } })).result.json()))
      expect(seen).toEqual(expected.map((user) => [user, user]))
    })
  })
