import { createJobs, type Representation } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/express'
import express, { type Request } from 'express'
import type { Overrides, Shape } from './shape.ts'

/** Only a link while the job is unfinished, and one word when it is done. */
const representation: Representation = {
  accepted: ({ links }) => ({
    headers: { Location: null, 'Content-Location': null, Link: `<${links.self}>; rel="http://www.example.com/job-status"` },
    body: null,
  }),
  status({ status }) {
    if (status === 'succeeded') return { body: { success: 'true' } }
    return status === 'failed' || status === 'canceled' ? { body: { success: 'false' } } : { headers: { Location: null }, body: null }
  },
}

export function xmlJob(work: (xml: string) => Promise<void>, overrides: Overrides = {}): Shape {
  const app = express()
  const jobs = createJobs<Request>({ path: '/job/status', representation, ...overrides })
  app.post(
    '/job',
    express.text({ type: 'application/xml' }),
    respondAsync(jobs, 'job', async (req, res) => {
      await work(req.body)
      res.sendStatus(204)
    }),
  )
  app.use('/job/status', jobRoutes(jobs))
  return { app, jobs }
}
