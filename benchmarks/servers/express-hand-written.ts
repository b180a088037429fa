/** Asynchronous jobs on Express, written by hand. */
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import express, { type Request, type Response } from 'express'
import {
  acceptedHeaders,
  cancelJob,
  createJob,
  findJob,
  isOver,
  type Job,
  resultHeaders,
  runJob,
  showJob,
  statusHeaders,
} from './hand-written.ts'
import { behindParser, listen } from './listen.ts'
import { buildReport, type ReportRequest, untilAborted } from './report.ts'

const app = express().disable('x-powered-by').disable('etag')
const parser = behindParser ? [express.json()] : []

function accept(res: Response, operation: string, work: () => Promise<object>): void {
  const job = createJob(operation)
  setImmediate(runJob, job, work)
  res.status(202).set(acceptedHeaders(job)).json(showJob(job))
}

app.post('/reports', ...parser, async (req, res) => {
  const request = (behindParser ? req.body : await json(req)) as ReportRequest
  accept(res, 'report', () => buildReport(request))
})
app.post('/holds', ...parser, (_req, res) => accept(res, 'hold', () => untilAborted()))

const withJob =
  (handle: (job: Job, req: Request<{ id: string }>, res: Response) => void) => (req: Request<{ id: string }>, res: Response) => {
    const job = findJob(req.params.id)
    if (job) handle(job, req, res)
    else res.status(404).set('Cache-Control', 'no-store').json({ error: 'There is no such job' })
  }

app.get(
  '/jobs/:id',
  withJob((job, req, res) => {
    res.set(statusHeaders(job))
    if (req.fresh) res.status(304).end()
    else res.status(isOver(job) ? 200 : 202).json(showJob(job))
  }),
)
app.get(
  '/jobs/:id/result',
  withJob((job, _req, res) => {
    if (job.result) res.set(resultHeaders(job)).json(job.result)
    else res.status(404).set({ 'Cache-Control': 'no-store', 'Retry-After': '1' }).json({ error: 'The result is not ready' })
  }),
)
app.delete(
  '/jobs/:id',
  withJob((job, _req, res) => {
    cancelJob(job)
    res.json(showJob(job))
  }),
)

listen(createServer(app))
