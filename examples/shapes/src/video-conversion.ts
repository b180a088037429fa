import { createJobs, type Representation } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/express'
import express, { type Request } from 'express'
import type { Overrides, Shape } from './shape.ts'

/** `processing`, then `done` with the URL of the video, which the handler sent as `Location`. */
const representation: Representation = {
  accepted: () => ({ body: null }),
  status({ status, resourceLocation }) {
    if (status === 'succeeded') return { body: { status: 'done', result_url: resourceLocation } }
    return { body: { status: status === 'failed' || status === 'canceled' ? status : 'processing' } }
  },
}

export function videoConversion(convert: () => Promise<string>, overrides: Overrides = {}): Shape {
  const app = express()
  const jobs = createJobs<Request>({ path: '/status', pendingStatus: 200, representation, ...overrides })
  app.post(
    '/convert-video',
    respondAsync(jobs, 'convert', async (_req, res) => {
      res.location(await convert()).sendStatus(201)
    }),
  )
  app.use('/status', jobRoutes(jobs))
  return { app, jobs }
}
