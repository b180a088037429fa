/** Asynchronous jobs on Express, written by hand over Redis itself: a key for each job. `<url>` */
import { createServer } from 'node:http'
import express, { type Response } from 'express'
import { Redis } from 'ioredis'
import { acceptedHeaders, isOver, type Job, resultHeaders, showJob, statusHeaders } from '../hand-written.ts'
import { listen } from '../listen.ts'
import { buildReport } from '../report.ts'
import { hold, type Kept, release, start } from './in-a-store.ts'

const KEEP_S = 86_400
const redis = new Redis(process.argv[2] ?? '', { enableAutoPipelining: true })
const put = (job: Job) => redis.set(`job:${job.id}`, JSON.stringify(job), 'EX', KEEP_S)
const kept: Kept = {
  insert: put,
  update: put,
  async find(id) {
    const text = await redis.get(`job:${id}`)
    return text === null ? undefined : JSON.parse(text)
  },
}

const app = express().disable('x-powered-by').disable('etag')

async function accept(res: Response, operation: string, work: (id: string) => Promise<object>): Promise<void> {
  const job = await start(kept, operation, work)
  res.status(202).set(acceptedHeaders(job)).json(showJob(job))
}
const notFound = (res: Response) => res.status(404).set('Cache-Control', 'no-store').json({ error: 'There is no such job' })

app.post('/reports', express.json(), (req, res) => accept(res, 'report', () => buildReport(req.body)))
app.post('/holds', express.json(), (_req, res) => accept(res, 'hold', hold))

app.get('/jobs/:id', async (req, res) => {
  const job = await kept.find(req.params.id)
  if (!job) return notFound(res)
  res.set(statusHeaders(job))
  if (req.fresh) res.status(304).end()
  else res.status(isOver(job) ? 200 : 202).json(showJob(job))
})
app.get('/jobs/:id/result', async (req, res) => {
  const job = await kept.find(req.params.id)
  if (!job) return notFound(res)
  if (job.result) res.set(resultHeaders(job)).json(job.result)
  else res.status(404).set({ 'Cache-Control': 'no-store', 'Retry-After': '1' }).json({ error: 'The result is not ready' })
})
app.delete('/jobs/:id', (req, res) => {
  release(req.params.id)
  res.status(204).end()
})

listen(createServer(app))
