import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createJobs, type JobsOptions } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/express'
import express, { type Request } from 'express'
import { WORK } from '../task'
import type { App } from './serve'
import { work } from './work'

export function expressApp(options: JobsOptions): App {
  const jobs = createJobs<Request>({ ...options, owner: (req) => req.get('x-user') })
  const app = express()
  app.post(
    '/work',
    express.json(),
    respondAsync(jobs, WORK, async (req, res) => void res.json(await work(req.job, req.body))),
  )
  app.use('/jobs', jobRoutes(jobs))
  return {
    jobs,
    async listen() {
      const server = app.listen(0, '127.0.0.1')
      await once(server, 'listening')
      return (server.address() as AddressInfo).port // it listens on a port
    },
  }
}
