/** The same on Express with this library over Redis: `<url of the store> [url of BullMQ's Redis]`; without the second in this process. */
import { createServer } from 'node:http'
import { createJobs, inProcess } from '@respond-async/core'
import { bullmqEngine } from '@respond-async/engine-bullmq'
import { jobRoutes, respondAsync } from '@respond-async/express'
import { redisStore } from '@respond-async/store-redis'
import express from 'express'
import { Redis } from 'ioredis'
import { listen } from '../listen.ts'
import { buildReport, untilAborted } from '../report.ts'

const [url = '', queueUrl] = process.argv.slice(2)
const concurrency = 20 // more than are ever under way: accepting and running is measured, not waiting
const engine = queueUrl === undefined ? inProcess({ concurrency }) : bullmqEngine({ connection: { url: queueUrl }, concurrency })
const jobs = createJobs({ store: redisStore({ client: new Redis(url, { enableAutoPipelining: true }) }), engine })
const app = express().disable('x-powered-by').disable('etag')

app.post(
  '/reports',
  express.json(),
  respondAsync(jobs, 'report', async (req, res) => {
    res.json(await buildReport(req.body))
  }),
)
app.post(
  '/holds',
  express.json(),
  respondAsync(jobs, 'hold', (req) => untilAborted(req.job?.signal)),
)
app.post(
  '/steps',
  express.json(),
  respondAsync(jobs, 'step', async (req, res) => {
    await req.job?.progress(50)
    res.json(await buildReport(req.body))
  }),
)
app.post(
  '/files',
  express.json(),
  respondAsync(jobs, 'file', (req, res) => {
    res.type('application/octet-stream').send(Buffer.alloc(req.body.bytes, 'a'))
  }),
)
app.use('/jobs', jobRoutes(jobs))

await jobs.start()
listen(createServer(app))
