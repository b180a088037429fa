/**
 * Asynchronous jobs on Express, written by hand over BullMQ: the queue's own record is the job, its return value the result.
 * `<url> [pipelines]`: without the automatic pipelines of ioredis, or with them.
 */
import { createServer } from 'node:http'
import { type Job as Message, Queue, Worker } from 'bullmq'
import express, { type Response } from 'express'
import { acceptedHeaders, isOver, type Job, resultHeaders, showJob, statusHeaders } from '../hand-written.ts'
import { listen } from '../listen.ts'
import { buildReport, type ReportRequest, untilAborted } from '../report.ts'

const [url = '', how] = process.argv.slice(2)
const connection = { url, enableAutoPipelining: how === 'pipelines' }
const queue = new Queue('jobs', { connection, defaultJobOptions: { removeOnComplete: { age: 86_400 }, removeOnFail: { age: 86_400 } } })
const worker = new Worker(
  'jobs',
  ({ name, data }: Message, _token, signal) => (name === 'hold' ? untilAborted(signal) : buildReport(data as ReportRequest)),
  { connection, concurrency: 20 },
)
worker.on('error', console.error)

const STATUS: Partial<Record<string, Job['status']>> = { active: 'running', completed: 'succeeded', failed: 'failed' }
const VERSION = { queued: 1, running: 2, succeeded: 3, failed: 3, canceled: 3 }
/** The record of the queue in the words of the API. */
function jobOf({ id = '', name, timestamp, processedOn, finishedOn, returnvalue }: Message, state: string): Job {
  const status = STATUS[state] ?? 'queued'
  const over = status === 'succeeded' || status === 'failed'
  return {
    ...{ id, operation: name, createdAt: timestamp, version: VERSION[status], status, startedAt: processedOn },
    lastUpdatedAt: (over ? finishedOn : undefined) ?? processedOn ?? timestamp,
    ...(over && { finishedAt: finishedOn, result: returnvalue ?? undefined }),
  }
}

const app = express().disable('x-powered-by').disable('etag')

async function accept(res: Response, operation: string, data: object): Promise<void> {
  const job = jobOf(await queue.add(operation, data, { jobId: crypto.randomUUID() }), 'waiting')
  res.status(202).set(acceptedHeaders(job)).json(showJob(job))
}
const notFound = (res: Response) => res.status(404).set('Cache-Control', 'no-store').json({ error: 'There is no such job' })

app.post('/reports', express.json(), (req, res) => accept(res, 'report', req.body))
app.post('/holds', express.json(), (_req, res) => accept(res, 'hold', {}))

app.get('/jobs/:id', async (req, res) => {
  const state = await queue.getJobState(req.params.id) // first: a job may finish in between, and then the next poll shows it with its result
  const message = await queue.getJob(req.params.id)
  if (!message) return notFound(res)
  const job = jobOf(message, state)
  res.set(statusHeaders(job))
  if (req.fresh) res.status(304).end()
  else res.status(isOver(job) ? 200 : 202).json(showJob(job))
})
app.get('/jobs/:id/result', async (req, res) => {
  const message = await queue.getJob(req.params.id)
  if (!message) return notFound(res)
  if (message.returnvalue) res.set(resultHeaders(jobOf(message, 'completed'))).json(message.returnvalue)
  else res.status(404).set({ 'Cache-Control': 'no-store', 'Retry-After': '1' }).json({ error: 'The result is not ready' })
})
app.delete('/jobs/:id', async (req, res) => {
  worker.cancelJob(req.params.id)
  res.status(204).end()
})

await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()])
listen(createServer(app))
