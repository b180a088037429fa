import { serve } from '@hono/node-server'
import { createJobs, type JobsOptions } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/hono'
import { type Context, Hono } from 'hono'
import { WORK } from '../task'
import type { App } from './serve'
import { work } from './work'

export function honoApp(options: JobsOptions): App {
  const jobs = createJobs<Context>({ ...options, owner: (c) => c.req.header('x-user') })
  const app = new Hono()
  app.post(
    '/work',
    respondAsync(jobs, WORK, async (c) => c.json(await work(c.get('job'), await c.req.json()))),
  )
  app.route('/jobs', jobRoutes(jobs))
  return {
    jobs,
    listen: () => new Promise((resolve) => void serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => resolve(port))),
  }
}
