import { createJobs, type Representation } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/express'
import express, { type Request } from 'express'
import type { Overrides, Shape } from './shape.ts'

/** `in_progress`, then `completed` with a download link of its own. */
const representation: Representation = {
  accepted: () => ({ body: null }),
  status({ id, status }) {
    if (status === 'succeeded') return { body: { status: 'completed', download_link: `/reports/report-${id}.pdf` } }
    return { body: { status: status === 'failed' || status === 'canceled' ? status : 'in_progress' } }
  },
}

export function reportStatus(makeReport: () => Promise<Uint8Array>, overrides: Overrides = {}): Shape {
  const app = express()
  const jobs = createJobs<Request>({ path: '/report-status', pendingStatus: 200, representation, ...overrides })
  const status = jobRoutes(jobs)

  app.post(
    '/start-report',
    respondAsync(jobs, 'report', async (_req, res) => {
      res.type('application/pdf').send(Buffer.from(await makeReport()))
    }),
  )
  app.use('/report-status', status)
  // The download link is the job's result under a name of its own.
  app.get('/reports/report-:id.pdf', (req, res, next) => {
    req.url = `/${req.params.id}/result`
    status(req, res, next)
  })
  return { app, jobs }
}
