/** The same on Express with this library, at its defaults. */
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import { createJobs, memoryStore } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/express'
import express from 'express'
import { behindParser, listen } from './listen.ts'
import { buildReport, type ReportRequest, untilAborted } from './report.ts'

const jobs = createJobs({ store: memoryStore() })
const app = express().disable('x-powered-by').disable('etag')
const parser = behindParser ? [express.json()] : []

app.post(
  '/reports',
  ...parser,
  respondAsync(jobs, 'report', async (req, res) => {
    const request = (behindParser ? req.body : await json(req)) as ReportRequest
    res.json(await buildReport(request))
  }),
)
app.post(
  '/holds',
  ...parser,
  respondAsync(jobs, 'hold', (req) => untilAborted(req.job?.signal)),
)
app.use('/jobs', jobRoutes(jobs))

listen(createServer(app))
