import type { AddressInfo } from 'node:net'
import { type ServerType, serve } from '@hono/node-server'
import { createJobs } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/hono'
import { type Context, Hono } from 'hono'
import { fuzzTarget } from './fuzz-target'

fuzzTarget('Hono on Node', async () => {
  const jobs = createJobs<Context>({
    ...{ owner: (c) => c.req.header('x-user'), cors: ['https://app.example'], defaults: { maxBodyBytes: 1024 }, onError: () => {} },
  })
  const app = new Hono()
  app.post(
    '/work',
    respondAsync(jobs, 'work', (c) => c.json({ fine: true })),
  )
  app.post(
    '/fails',
    respondAsync(jobs, 'fails', () => {
      throw new Error('secret of the handler')
    }),
  )
  app.route('/jobs', jobRoutes(jobs))
  const server = await new Promise<ServerType>((resolve) => {
    const listening = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => resolve(listening))
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      await jobs.stop()
      server.close()
    },
  }
})
