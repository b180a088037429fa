import { setTimeout } from 'node:timers/promises'
import { createJobs } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/express'
import { webhooks } from '@respond-async/webhooks'
import express, { type Express, type Request } from 'express'

/** A service that makes reports, and tells whoever asked for one when it is ready. */
export function createSender(secret: string, receiver: string, retryMs?: readonly number[]): Express {
  const jobs = createJobs<Request>({
    // `allow` is for receivers at private addresses, such as this machine; leave it out for receivers on the internet.
    webhooks: webhooks({ secrets: [secret], allow: [receiver], retryMs }),
    sweepMs: 500, // retries sooner than with the default of 15 s
  })
  const app = express()
  app.post(
    '/reports',
    express.json(),
    respondAsync(jobs, { operation: 'report', webhook: { url: `${receiver}/webhooks`, fromRequest: true } }, async (req, res) => {
      const { month = '', fail = false } = (req.body ?? {}) as { month?: string; fail?: boolean }
      await setTimeout(200)
      if (fail) res.status(422).json({ error: 'There is no such month.' })
      else res.json({ month, flights: 4711 })
    }),
  )
  app.use('/jobs', jobRoutes(jobs))
  return app
}
