import { setTimeout } from 'node:timers/promises'
import { createJobs } from '@respond-async/core'
import { bullmqEngine } from '@respond-async/engine-bullmq'
import { jobRoutes, type RequestWithJob, respondAsync } from '@respond-async/express'
import { redisStore } from '@respond-async/store-redis'
import express, { type Request, type Response } from 'express'
import { Redis } from 'ioredis'
import multer from 'multer'

/** The whole application, shared by web.ts and worker.ts. Importing it opens a client for Redis and starts nothing. */
const url = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379'
export const redis = new Redis(url, { maxRetriesPerRequest: 1 })
redis.on('error', (error) => console.error('redis:', error.message))

export const jobs = createJobs({
  store: redisStore({ client: redis }),
  engine: bullmqEngine({ connection: { url }, concurrency: 4, onError: (error) => console.error('bullmq:', String(error)) }),
  owner: (req: Request) => req.get('x-user'),
  // Short, so that you can watch the recovery from a crash. The defaults are 30 s and 15 s.
  leaseMs: 3_000,
  sweepMs: 1_000,
})
export const app = express()

/** Keeps the uploaded file in memory: that of the worker, because it runs with the handler. */
const upload = multer({ storage: multer.memoryStorage() }).single('file')

/** Adds up the columns of a CSV file, slowly: 20 ms a row. It may run again after a crash, so it must be idempotent. */
async function addUp(req: RequestWithJob, res: Response) {
  const [header, ...rows] = (req.file?.buffer.toString() ?? '').trim().split(/\r?\n/)
  if (!header) {
    res.status(422).json({ error: 'Send a CSV file in the field "file".' })
    return
  }
  const columns = header.split(',')
  const sums = columns.map(() => 0)
  for (const [at, row] of rows.entries()) {
    for (const [column, value] of row.split(',').entries()) sums[column] = (sums[column] ?? 0) + (Number(value) || 0)
    await setTimeout(20, undefined, { signal: req.job.signal }) // a cancellation ends it here
    await req.job.progress((100 * (at + 1)) / rows.length, `row ${at + 1} of ${rows.length}, by process ${process.pid}`)
  }
  res
    .status(201)
    .set({ 'X-Process': String(process.pid), 'X-Attempt': String(req.job.attempt) })
    .json(Object.fromEntries(columns.map((column, at) => [column, sums[at]])))
}

app.post('/sums', respondAsync(jobs, { operation: 'sum', retries: 2, backoffMs: 100 }, [upload, addUp]))
app.use('/jobs', jobRoutes(jobs))
