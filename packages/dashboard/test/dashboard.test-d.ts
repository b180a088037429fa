import { createJobs, type Jobs } from '@respond-async/core'
import type { Request, RequestHandler } from 'express'
import type { Context, Hono } from 'hono'
import { expectTypeOf, it } from 'vitest'
import { type Access, dashboard, type OperatedJobs } from '../src'
import { dashboard as expressDashboard } from '../src/express'
import { dashboard as honoDashboard } from '../src/hono'

it('takes jobs of any framework', () => {
  expectTypeOf<Jobs>().toExtend<OperatedJobs>()
  expectTypeOf<Jobs<Request>>().toExtend<OperatedJobs>()
  expectTypeOf<Jobs<Context>>().toExtend<OperatedJobs>()
})

it('demands an access check, of the request that the framework has', () => {
  const jobs = createJobs()
  // @ts-expect-error no access check
  dashboard(jobs, {})
  // @ts-expect-error no options
  expressDashboard(jobs)
  // @ts-expect-error a check says what may be done, not who it is
  dashboard(jobs, { access: () => 'ada' })
  // @ts-expect-error an owner who may be unknown
  dashboard(jobs, { access: (request) => ({ owner: request.headers.get('x-user') }) })
  expressDashboard(jobs, { access: (req) => expectTypeOf(req).toEqualTypeOf<Request>() === undefined })
  type Env = { Variables: { user?: { isAdmin: boolean } } }
  const mounted = honoDashboard<Env>(jobs, { access: (c) => c.get('user')?.isAdmin })
  expectTypeOf(mounted).toEqualTypeOf<Hono<Env>>()
  expectTypeOf(expressDashboard(jobs, { access: async () => ({ owner: 'ada', readOnly: true }) })).toEqualTypeOf<RequestHandler>()
  expectTypeOf(dashboard(jobs, { access: () => ({ readOnly: true }) })).returns.toEqualTypeOf<Promise<Response | undefined>>()
  type PageRequest = globalThis.Request & { cookies: { get(name: string): string | undefined } }
  expectTypeOf(dashboard(jobs, { access: (request: PageRequest) => request.cookies.get('role') === 'admin' }))
    .parameter(0)
    .toEqualTypeOf<PageRequest>()
  expectTypeOf<Access>().not.toBeAny()
})
