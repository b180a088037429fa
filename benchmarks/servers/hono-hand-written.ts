/** Asynchronous jobs on Hono, written by hand. */
import { createAdaptorServer } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import {
  acceptedHeaders,
  cancelJob,
  createJob,
  etagOf,
  findJob,
  isOver,
  resultHeaders,
  runJob,
  showJob,
  statusHeaders,
} from './hand-written.ts'
import { listen } from './listen.ts'
import { buildReport, type ReportRequest, untilAborted } from './report.ts'

const app = new Hono()

function accept(c: Context, operation: string, work: () => Promise<object>) {
  const job = createJob(operation)
  setImmediate(runJob, job, work)
  return c.json(showJob(job), 202, acceptedHeaders(job))
}
const notFound = (c: Context) => c.json({ error: 'There is no such job' }, 404, { 'Cache-Control': 'no-store' })

app.post('/reports', async (c) => {
  const request = await c.req.json<ReportRequest>()
  return accept(c, 'report', () => buildReport(request))
})
app.post('/holds', (c) => accept(c, 'hold', () => untilAborted()))

app.get('/jobs/:id', (c) => {
  const job = findJob(c.req.param('id'))
  if (!job) return notFound(c)
  if (c.req.header('if-none-match') === etagOf(job)) return c.body(null, 304, statusHeaders(job))
  return c.json(showJob(job), isOver(job) ? 200 : 202, statusHeaders(job))
})
app.get('/jobs/:id/result', (c) => {
  const job = findJob(c.req.param('id'))
  if (!job) return notFound(c)
  if (!job.result) return c.json({ error: 'The result is not ready' }, 404, { 'Cache-Control': 'no-store', 'Retry-After': '1' })
  return c.json(job.result, 200, resultHeaders(job))
})
app.delete('/jobs/:id', (c) => {
  const job = findJob(c.req.param('id'))
  if (!job) return notFound(c)
  cancelJob(job)
  return c.json(showJob(job))
})

listen(createAdaptorServer(app))
