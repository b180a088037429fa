/** An Express application as a web process and as a worker process: both are this module. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createJobs } from '@respond-async/core'
import { bullmqEngine } from '@respond-async/engine-bullmq'
import { jobRoutes, respondAsync } from '@respond-async/express'
import { sqliteStore } from '@respond-async/store-sqlite'
import express, { type Request } from 'express'
import multer from 'multer'
import { serve } from '../../../tests/engines/serve'
import { AGAIN, FLAKY, GATE, jobsOptions, LATER, note, passGate, sha256, unwatched } from '../../../tests/engines/work'

const { DIR = '', REDIS_URL = '', QUEUE = '' } = process.env
const jobs = createJobs<Request>({
  ...jobsOptions,
  store: unwatched(sqliteStore({ path: join(DIR, 'jobs.sqlite') })),
  engine: bullmqEngine({ queue: QUEUE, connection: { url: REDIS_URL }, concurrency: 2, onError: () => {} }),
  onError: () => {},
})
const app = express()
const upload = multer({ storage: multer.memoryStorage() })

app.post(
  '/echo/:section',
  respondAsync<{ section: string }>(jobs, 'echo', [
    upload.single('file'),
    (req, res) => {
      const { originalname: name, size, buffer = Buffer.of() } = req.file ?? {}
      const { section } = req.params
      res
        .status(201)
        .set('x-section', section)
        .json({ pid: process.pid, section, tag: req.query.tag, title: req.body?.title, name, size, sha256: sha256(buffer) })
    },
  ]),
)
for (const options of [GATE, AGAIN])
  app.post(
    `/${options.operation}/:name`,
    respondAsync<{ name: string }>(jobs, options, async (req, res) => void res.json(await passGate(req.job, req.params.name))),
  )
app.post(
  '/later',
  respondAsync(jobs, LATER, (req, res) => {
    note(req.job, 'start')
    res.json({ attempt: req.job.attempt })
  }),
)
app.post(
  '/flaky',
  respondAsync(jobs, FLAKY, (req, res) => {
    note(req.job, 'start')
    if (req.job.attempt < 3) throw new Error('not yet')
    res.json({ attempt: req.job.attempt })
  }),
)
app.use('/jobs', jobRoutes(jobs))

await serve(jobs, async () => {
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
})
