import { createJobs, type JobHandle, type Jobs, memoryStore } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/express'
import express, { type NextFunction, type Request, type RequestHandler, type Response } from 'express'
import { describe, expectTypeOf, test } from 'vitest'

const jobs = createJobs()
const app = express()

describe('the handler', () => {
  test('has its job, and what Express knows of the route', () => {
    app.post(
      '/reports/:month',
      respondAsync(jobs, 'report', (req, res, next) => {
        expectTypeOf(req.job).toEqualTypeOf<JobHandle>()
        const month: string = req.params.month
        expectTypeOf(req.query).toEqualTypeOf<Request['query']>()
        expectTypeOf(next).toEqualTypeOf<NextFunction>()
        res.json({ month, total: req.body.total })
        // @ts-expect-error not a method of a response
        res.jsonn({})
      }),
    )
  })

  test('keeps the types that it names', () => {
    type Query = { deep?: string }
    const build = (req: Request<{ month: string }, { pages: number }, { title: string }, Query>, res: Response<{ pages: number }>) => {
      expectTypeOf(req.body.title).toEqualTypeOf<string>()
      res.json({ pages: req.params.month.length })
    }
    expectTypeOf(respondAsync(jobs, 'report', build)).toEqualTypeOf<
      RequestHandler<{ month: string }, { pages: number }, { title: string }, Query>
    >()
    app.post('/reports/:month', respondAsync(jobs, 'report', build))
    respondAsync<{ month: string }, { pages: number }, { title: string }>(jobs, 'report', (req, res) => {
      expectTypeOf(req.body).toEqualTypeOf<{ title: string }>()
      // @ts-expect-error pages is a number
      res.json({ pages: 'many' })
    })
  })

  test('may come with middleware', () => {
    app.post(
      '/uploads/:name',
      express.json(),
      respondAsync(jobs, 'upload', [
        express.json(),
        (req, res) => {
          expectTypeOf(req.job).toEqualTypeOf<JobHandle>()
          const name: string = req.params.name
          res.send(name)
        },
      ]),
    )
  })

  test('may come after middleware, as in a route', () => {
    app.post(
      '/uploads/:name',
      respondAsync(jobs, 'upload', express.json(), [express.text(), express.raw()], (req, res) => {
        expectTypeOf(req.job).toEqualTypeOf<JobHandle>()
        const name: string = req.params.name
        res.send(name)
      }),
    )
  })

  test('may be any that Express takes', () => {
    const typed: RequestHandler = (_req, res) => void res.json({})
    const late: RequestHandler = async (_req, _res, next) => next()
    app.post('/typed', respondAsync(jobs, 'typed', typed), respondAsync(jobs, 'late', [typed, late]))
  })
})

describe('the request', () => {
  test('is what owner, carry and meta get', () => {
    const owned = createJobs({ owner: (req: Request) => req.get('x-user') })
    expectTypeOf(owned).toEqualTypeOf<Jobs<Request>>()
    respondAsync(
      owned,
      { operation: 'mine', app, carry: (req) => ({ ip: req.ip }), meta: (req) => ({ name: req.path }), owner: (req) => req.ip },
      (req, res) => void res.json(req.job.carry),
    )
    app.use('/jobs', jobRoutes(owned), jobRoutes(owned, { owner: (req) => req.get('x-user') }))
  })
})

describe('misuse', () => {
  test('is a type error', () => {
    const handler: RequestHandler = (_req, res) => void res.end()
    // @ts-expect-error an operation needs a name
    respondAsync(jobs, {}, handler)
    // @ts-expect-error units are in the names
    respondAsync(jobs, { operation: 'a', maxRun: 5 }, handler)
    // @ts-expect-error there is no handler
    respondAsync(jobs, 'a')
    // @ts-expect-error a handler is a function
    respondAsync(jobs, 'a', 'handler')
    // @ts-expect-error every handler is a function
    respondAsync(jobs, 'a', handler, 'handler')
    // @ts-expect-error jobs come first
    respondAsync('a', handler)
    // @ts-expect-error an owner is a text
    jobRoutes(jobs, { owner: () => 5 })
    // @ts-expect-error a store is not a set of jobs
    jobRoutes(memoryStore())
    // @ts-expect-error these jobs belong to another framework
    jobRoutes(createJobs() as Jobs<{ readonly hono: true }>)
    // @ts-expect-error what is carried has to be JSON
    respondAsync(jobs, { operation: 'a', carry: () => new Date() }, handler)
  })
})
