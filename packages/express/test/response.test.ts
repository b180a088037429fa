import { createJobs } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/express'
import type { Request, RequestHandler } from 'express'
import { describe, expect, it } from 'vitest'
import { serve, VERSIONS } from './service'

/** What is easily answered in another way than Node would. */
const HANDLERS: Record<string, RequestHandler> = {
  'a status that is set when the head has been sent': (_req, res) => {
    res.write('begun')
    res.status(500).end(' and failed')
  },
  'no status of a bodiless answer when a body has been sent': (_req, res) => {
    res.write('body')
    res.statusCode = 204
    res.end()
  },
  'a status as text': (_req, res) => {
    res.statusCode = '404' as never
    res.end('none')
  },
  'a date beside other fields of the head': (_req, res) => {
    res.setHeader('Date', 'Thu, 01 Jan 2026 00:00:00 GMT')
    res.writeHead(200, { 'X-Own': 'yes' }).end()
  },
  'a head with a reason, and a list of fields with repeated names': (_req, res) => {
    res.setHeader('X-Own', 'replaced')
    res.writeHead(201, 'Made', ['X-Own', '1', 'x-own', '2'] as never).end()
  },
}

for (const [version, express] of Object.entries(VERSIONS))
  describe(`${version}: the result is what the handler would have answered`, () => {
    it.each(Object.entries(HANDLERS))('%s', async (_title, handler) => {
      const jobs = createJobs<Request>()
      const app = express()
      app.post('/direct', handler)
      app.post('/', respondAsync(jobs, 'op', handler))
      app.use('/jobs', jobRoutes(jobs))
      const { call, whole } = await serve(app)
      const seen = async (answer: Response) => ({
        status: answer.status,
        own: answer.headers.get('x-own'),
        isEarlier: answer.headers.get('date') === 'Thu, 01 Jan 2026 00:00:00 GMT',
        body: await answer.text(),
      })
      const { status, result } = await whole('/')
      expect(await seen(result)).toEqual(await seen(await call('/direct', { method: 'POST' })))
      expect(status.error?.status).toBe(result.status < 400 ? undefined : result.status)
    })
  })
