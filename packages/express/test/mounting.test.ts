import { once } from 'node:events'
import { createJobs, inProcess, JobsError } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/express'
import { jobSockets } from '@respond-async/express/websocket'
import type { Express, NextFunction, Request, Response } from 'express'
import { describe, expect, it, vi } from 'vitest'
import { expectJobsNeeded } from '../../../tests/without-jobs'
import { json, serve, VERSIONS, WAYS } from './service'

for (const [version, express] of Object.entries(VERSIONS))
  describe(version, () => {
    const mounts: Record<string, { path: string; mount(app: Express, routes: ReturnType<typeof jobRoutes>): void }> = {
      'on the application': { path: '/jobs', mount: (app, routes) => void app.use('/jobs', routes) },
      'under a prefix': { path: '/api/v1/jobs', mount: (app, routes) => void app.use('/api/v1/jobs', routes) },
      'in a sub-router': { path: '/api/jobs', mount: (app, routes) => void app.use('/api', express.Router().use('/jobs', routes)) },
      'in a sub-application': {
        path: '/api/v1/jobs',
        mount: (app, routes) => void app.use('/api', express().use('/v1', express().use('/jobs', routes))),
      },
    }
    it.each(Object.entries(mounts))('makes links from where the job routes are: %s', async (_title, { path, mount }) => {
      const jobs = createJobs<Request>()
      const app = express()
      app.post(
        '/',
        respondAsync(jobs, 'op', (_req, res) => void res.send('ok')),
      )
      mount(app, jobRoutes(jobs))
      const { call, finished } = await serve(app)
      const { id } = await (await call('/', { method: 'POST' })).json()
      expect((await finished(`${path}/${id}`)).links).toEqual({ self: `${path}/${id}`, result: `${path}/${id}/result` })
      expect(await (await call(`${path}/${id}/result?download`)).text()).toBe('ok')
    })

    it('passes on what is not a job route', async () => {
      const app = express()
        .use('/jobs', jobRoutes(createJobs<Request>()))
        .use((_req: Request, res: Response) => void res.status(418).end())
      const { call } = await serve(app)
      for (const path of ['/jobs', '/jobs/', '/jobs/a/b', '/jobs/a/result/more', '/jobsmore'])
        expect((await call(path)).status, path).toBe(418)
      expect((await call('/jobs/a')).status).toBe(404)
    })

    it('names the owner by the request, for all routes or for one mount', async () => {
      const jobs = createJobs<Request>({ owner: (req) => req.get('x-user') })
      const app = express()
      app.post(
        '/',
        respondAsync(jobs, 'op', (_req, res) => void res.send('ok')),
      )
      app.use('/jobs', jobRoutes(jobs)).use('/admin', jobRoutes(jobs, { owner: (req) => req.query.user?.toString() }))
      const { call } = await serve(app)
      const { id } = await (await call('/', { method: 'POST', headers: { 'x-user': 'ada' } })).json()
      const statusOf = async (path: string, user: string) => (await call(path, { headers: { 'x-user': user } })).status
      expect(
        await Promise.all([statusOf(`/jobs/${id}`, 'ada'), statusOf(`/jobs/${id}`, 'bob'), statusOf(`/admin/${id}?user=ada`, 'bob')]),
      ).toEqual([expect.toBeOneOf([200, 202]), 404, expect.toBeOneOf([200, 202])])
      const list = await (await call('/jobs', { headers: { 'x-user': 'ada' } })).json()
      expect(list.jobs).toHaveLength(1)
    })

    describe('a client that did not ask for a job', () => {
      it('gets the handler on the live request and response', async () => {
        const jobs = createJobs<Request>()
        const app = express()
        const live: unknown[] = []
        app.post(
          '/',
          (req, res, next) => void next(live.push(req, res) && undefined),
          respondAsync(jobs, { operation: 'op', when: 'preferred' }, async (req, res) => {
            await req.job.progress(50)
            res.json({ same: live[0] === req && live[1] === res, job: [req.job.operation, req.job.attempt, req.job.signal.aborted] })
          }),
        )
        app.use('/jobs', jobRoutes(jobs))
        const { call } = await serve(app)
        const answer = await call('/', { method: 'POST' })
        expect([answer.status, await answer.json()]).toEqual([200, { same: true, job: ['op', 1, false] }])
        const asked = await call('/', { method: 'POST', headers: { prefer: 'respond-async' } })
        expect([asked.status, asked.headers.get('preference-applied')]).toEqual([202, 'respond-async'])
      })

      it('has its errors and next() calls handled as without the wrapper', async () => {
        const jobs = createJobs<Request>()
        const app = express()
        const when = 'preferred'
        app.post(
          '/throws',
          respondAsync(jobs, { operation: 'throws', when }, () => Promise.reject(new Error('shown to the application'))),
        )
        app.post(
          '/passes',
          respondAsync(jobs, { operation: 'passes', when }, (_req, _res, next) => next()),
        )
        app.post('/passes', (_req, res) => void res.send('the next handler'))
        app.use((error: Error, _req: Request, res: Response, _next: () => void) => void res.status(500).send(error.message))
        const { call } = await serve(app)
        expect(await (await call('/throws', { method: 'POST' })).text()).toBe('shown to the application')
        expect(await (await call('/passes', { method: 'POST' })).text()).toBe('the next handler')
      })

      it('stops the handler by disconnecting', async () => {
        const jobs = createJobs<Request>()
        const app = express()
        const leaving = new AbortController()
        const stopped = new Promise<void>((resolve) => {
          app.post(
            '/',
            respondAsync(jobs, { operation: 'op', when: 'preferred' }, (req) => {
              req.job.signal.addEventListener('abort', () => resolve())
              leaving.abort()
            }),
          )
        })
        const { call } = await serve(app)
        await expect(call('/', { method: 'POST', signal: leaving.signal })).rejects.toThrow('aborted')
        await stopped
      })

      it('is known to have left by a handler that asks for the signal afterwards, which is the same each time', async () => {
        const jobs = createJobs<Request>()
        const app = express()
        const leaving = new AbortController()
        const seen = new Promise<unknown>((resolve) => {
          app.post(
            '/',
            respondAsync(jobs, { operation: 'op', when: 'preferred' }, async (req, res) => {
              leaving.abort()
              await once(res, 'close')
              const [first, second] = [req.job.signal, req.job.signal]
              resolve([first.aborted, first === second])
            }),
          )
        })
        const { call } = await serve(app)
        await expect(call('/', { method: 'POST', signal: leaving.signal })).rejects.toThrow('aborted')
        expect(await seen).toEqual([true, true])
      })
    })

    it('answers with the handler’s own response when it is ready in time', async () => {
      const jobs = createJobs<Request>({ engine: inProcess() })
      const app = express()
      app.post(
        '/',
        respondAsync(jobs, { operation: 'op', when: { afterMs: 5_000 } }, (_req, res) => void res.status(201).cookie('a', '1').json('now')),
      )
      const { call } = await serve(app)
      const answer = await call('/', { method: 'POST' })
      expect([answer.status, answer.headers.getSetCookie(), await answer.json()]).toEqual([201, ['a=1; Path=/'], 'now'])
    })

    const behind: Record<string, (application: Express) => (req: Request, res: Response, next: NextFunction) => unknown> = {
      'by itself': (application) => application,
      'in a router': (application) => express.Router().use(application),
    }
    for (const [way, engine] of Object.entries(WAYS))
      it.each(Object.entries(behind))(`takes an application for a handler: %s, ${way}`, async (_title, wrapping) => {
        const jobs = createJobs<Request>({ engine: engine(), defaults: { maxRunMs: 1_000 }, onError: () => {} })
        void jobs.start()
        const app = express()
        const application = express().set('json spaces', 1)
        application.post('/own', express.json(), (req, res) => void res.status(201).json({ read: req.body }))
        app.post(/.*/, respondAsync(jobs, 'application', wrapping(application)))
        app.use('/jobs', jobRoutes(jobs))
        const { whole } = await serve(app)
        const { result } = await whole('/own', json({ a: 1 }))
        expect([result.status, await result.text()]).toEqual([201, JSON.stringify({ read: { a: 1 } }, null, 1)])
        expect((await whole('/unknown', json({ a: 1 }))).status.error?.code).toBe('handler_passed')
      })

    it('says no length with 204 and 304: that of a 304 would be the one of the document', async () => {
      const jobs = createJobs<Request>()
      const app = express()
      app.post(
        '/',
        respondAsync(jobs, 'op', (_req, res) => void res.end()),
      )
      app.use('/jobs', jobRoutes(jobs))
      const { whole, call } = await serve(app)
      const { location } = await whole('/')
      const etag = (await call(location)).headers.get('etag') ?? ''
      const unchanged = await call(location, { headers: { 'if-none-match': etag } })
      const deleted = await call(location, { method: 'DELETE' })
      for (const answer of [unchanged, deleted]) expect(answer.headers.get('content-length')).toBeNull()
      expect([unchanged.status, deleted.status]).toEqual([304, 204])
    })

    it('sends HEAD no Content-Length that GET would not have', async () => {
      const jobs = createJobs<Request>({ engine: inProcess() })
      const app = express()
      app.get(
        '/',
        respondAsync(jobs, { operation: 'op', when: { afterMs: 5_000 } }, (_req, res) => void res.json('now')),
      )
      const { call } = await serve(app)
      const lengths = ['GET', 'HEAD'].map(async (method) => (await call('/', { method })).headers.get('content-length'))
      expect(await Promise.all(lengths)).toEqual(['5', null])
    })

    it('leaves alone what somebody else has answered meanwhile', async () => {
      const jobs = createJobs<Request>({ owner: () => new Promise((resolve) => setImmediate(resolve, 'ada')) })
      const app = express()
      const failed = vi.fn()
      app.use((_req, res, next) => {
        next()
        res.status(503).end('too late')
      })
      app.post('/', respondAsync(jobs, 'op', failed))
      app.use((error: unknown, _req: Request, _res: Response, next: (error: unknown) => void) => next(failed(error)))
      const { call } = await serve(app)
      const answer = await call('/', { method: 'POST' })
      expect([answer.status, await answer.text()]).toEqual([503, 'too late'])
      expect(failed.mock.calls.flat()).not.toContainEqual(expect.any(Error))
    })
  })

describe('misuse at set-up', () => {
  it('says what to do', () => {
    const jobs = createJobs<Request>()
    const wrap = respondAsync as (...args: unknown[]) => unknown
    for (const handlers of [[], [undefined], [[]], [['no function']], [{}], [() => {}, 'no function'], [() => {}, undefined]])
      expect(() => wrap(jobs, 'op', ...handlers)).toThrow(
        new JobsError('invalid_option', 'respondAsync("op") needs a name and a handler function'),
      )
    expect(() => wrap(jobs, () => {})).toThrow(/needs a name and a handler function/)
    respondAsync(jobs, 'op', () => {})
    expect(() => respondAsync(jobs, 'op', () => {})).toThrow(/this name is taken by another route/)
    expect(() => respondAsync(jobs, { operation: 'other', retries: -1 }, () => {})).toThrow(/retries must be a whole number/)
    expect(() => jobRoutes(jobs, { ownr: () => 'ann' } as object)).toThrow('jobRoutes: ownr is not an option')
    expect(() => jobSockets(createJobs(), { ownr: () => 'ann' } as object)).toThrow('jobSockets: ownr is not an option')
    expect(() => wrap(jobs)).toThrow(/needs a name and a handler function/)
    expectJobsNeeded({ respondAsync: (none) => wrap(none, 'op', () => {}), jobRoutes, jobSockets })
  })
})
