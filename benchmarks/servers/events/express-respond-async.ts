/** The same on Express with this library. */
import { createServer } from 'node:http'
import { createJobs, memoryStore } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/express'
import express from 'express'
import { listen } from '../listen.ts'
import { beginAll, pacedWork } from './paced.ts'

const jobs = createJobs({ store: memoryStore() })
const app = express().disable('x-powered-by').disable('etag')

app.post(
  '/watched',
  respondAsync(jobs, 'watched', async (req, res) => {
    res.json(await pacedWork((percentComplete, message) => req.job?.progress(percentComplete, message)))
  }),
)
app.post('/begin', (_req, res) => {
  beginAll()
  res.status(204).end()
})
app.use('/jobs', jobRoutes(jobs))

listen(createServer(app))
