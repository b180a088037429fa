import type { AddressInfo } from 'node:net'
import { createJobs } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/express'
import express, { type Request } from 'express'
import { fuzzTarget } from './fuzz-target'

fuzzTarget('Express 5', async () => {
  const jobs = createJobs<Request>({
    ...{ owner: (req) => req.get('x-user'), cors: ['https://app.example'], defaults: { maxBodyBytes: 1024 }, onError: () => {} },
  })
  const app = express()
  app.post(
    '/work',
    respondAsync(jobs, 'work', (_req, res) => {
      res.json({ fine: true })
    }),
  )
  app.post(
    '/fails',
    respondAsync(jobs, 'fails', () => {
      throw new Error('secret of the handler')
    }),
  )
  app.use('/jobs', jobRoutes(jobs))
  const server = await new Promise<ReturnType<typeof app.listen>>((resolve) => {
    const listening = app.listen(0, '127.0.0.1', () => resolve(listening))
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      await jobs.stop()
      server.close()
    },
  }
})
