import { createJobs, type JobHandle, type Jobs, memoryStore } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/hono'
import { type Context, Hono } from 'hono'
import { hc } from 'hono/client'
import { validator } from 'hono/validator'
import { describe, expectTypeOf, test } from 'vitest'

type AppEnv = { Bindings: { KEY: string }; Variables: { user: { id: string } } }
const jobs = createJobs()

describe('the handler', () => {
  test('has its job and keeps the environment of the app', () => {
    new Hono<AppEnv>().post(
      '/reports/:month',
      respondAsync(jobs, 'report', async (c) => {
        expectTypeOf(c.get('job')).toEqualTypeOf<JobHandle>()
        expectTypeOf(c.var.job).toEqualTypeOf<JobHandle>()
        expectTypeOf(c.get('user')).toEqualTypeOf<{ id: string }>()
        expectTypeOf(c.env.KEY).toEqualTypeOf<string>()
        expectTypeOf(c.req.param('month')).toEqualTypeOf<string>()
        // @ts-expect-error a variable that nobody sets
        c.get('nobody')
        return c.json({ ok: true })
      }),
    )
  })

  test('knows what a validator given with it has checked', () => {
    new Hono<AppEnv>().post(
      '/reports',
      respondAsync(
        createJobs<Context<AppEnv>>(),
        'report',
        validator('json', (value) => ({ month: String(value.month) })),
        async (c) => {
          expectTypeOf(c.req.valid('json')).toEqualTypeOf<{ month: string }>()
          expectTypeOf(c.get('job')).toEqualTypeOf<JobHandle>()
          expectTypeOf(c.get('user')).toEqualTypeOf<{ id: string }>()
          // @ts-expect-error nobody has validated a form
          c.req.valid('form')
          return c.json({ ok: true })
        },
      ),
    )
    new Hono().post(
      '/reports',
      respondAsync(
        jobs,
        'report',
        validator('json', (value) => ({ month: String(value.month) })),
        validator('query', () => ({ deep: true })),
        async (c) => {
          expectTypeOf(c.req.valid('json')).toEqualTypeOf<{ month: string }>()
          expectTypeOf(c.req.valid('query')).toEqualTypeOf<{ deep: boolean }>()
          return c.json({ ok: true })
        },
      ),
    )
    new Hono().post(
      '/reports/:month',
      respondAsync(
        jobs,
        'report',
        validator('param', ({ month }) => ({ month: Number(month) })),
        validator('query', () => ({ deep: true })),
        validator('json', (value) => ({ title: String(value.title) })),
        async (c) => {
          expectTypeOf(c.req.valid('param')).toEqualTypeOf<{ month: number }>()
          expectTypeOf(c.req.valid('query')).toEqualTypeOf<{ deep: boolean }>()
          expectTypeOf(c.req.valid('json')).toEqualTypeOf<{ title: string }>()
          return c.json({ ok: true })
        },
      ),
    )
  })

  test('is the one it was, where it names its types', () => {
    const build = async (c: Context<AppEnv, '/reports', { out: { json: { month: string } } }>) => c.json(c.req.valid('json'), 201)
    expectTypeOf(respondAsync(jobs, 'report', build)).toEqualTypeOf(build)
    new Hono<AppEnv>().post(
      '/reports',
      validator('json', (value) => ({ month: String(value.month) })),
      respondAsync(jobs, 'report', build),
    )
  })
})

describe('the client', () => {
  test('knows the result and the status document', async () => {
    const app = new Hono().post(
      '/reports',
      respondAsync(
        jobs,
        'report',
        validator('json', (value: { month: string }) => value),
        async (c) => c.json({ total: 3 }, 201),
      ),
    )
    const client = hc<typeof app>('http://localhost')
    const answer = await client.reports.$post({ json: { month: '2026-01' } })
    expectTypeOf(await answer.json()).toEqualTypeOf<{ total: number }>()
    // @ts-expect-error the month is text
    await client.reports.$post({ json: { month: 1 } })
  })
  test('knows it behind a validator of the route', async () => {
    const app = new Hono<AppEnv>().post(
      '/reports',
      validator('json', (value: { month: string }) => value),
      respondAsync(jobs, 'report', async (c) => c.json({ total: 3 }, 201)),
    )
    const client = hc<typeof app>('http://localhost')
    const answer = await client.reports.$post({ json: { month: '2026-01' } })
    expectTypeOf(await answer.json()).toEqualTypeOf<{ total: number }>()
  })
})

describe('misuse', () => {
  test('is a type error', () => {
    const handler = (c: Context) => c.text('')
    const returnsNumber = () => 5
    const app = new Hono()
    // @ts-expect-error an operation needs a name
    respondAsync(jobs, {}, handler)
    // @ts-expect-error units are in the names
    respondAsync(jobs, { operation: 'a', maxRun: 5 }, handler)
    // @ts-expect-error there is no handler
    respondAsync(jobs, 'a')
    // @ts-expect-error a handler answers with a response
    app.post('/', respondAsync(jobs, 'a', returnsNumber))
    // @ts-expect-error jobs come first
    respondAsync('a', handler)
    // @ts-expect-error an owner is a text
    jobRoutes(jobs, { owner: () => 5 })
    // @ts-expect-error a store is not a set of jobs
    jobRoutes(memoryStore())
    // @ts-expect-error these jobs belong to another framework
    jobRoutes(createJobs() as Jobs<{ readonly express: true }>)
  })

  test('owner and carry get the context', () => {
    const owned = createJobs<Context<AppEnv>>({ owner: (c) => c.get('user').id })
    const app = new Hono<AppEnv>()
    app.post(
      '/',
      respondAsync(owned, { operation: 'a', carry: (c) => ({ user: c.get('user').id }), meta: { name: 'A' } }, (c) =>
        c.text(c.var.user.id),
      ),
    )
    app.route('/jobs', jobRoutes(owned, { owner: (c) => c.get('user').id }))
  })
})
