/**
 * Asynchronous jobs on Hono, written by hand over pg-boss: the queue's own record is the job, its output the result.
 * `<url> [batches]`: the worker takes a job at a time, in ten places, or ten at a time in one.
 */
import { createAdaptorServer } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { type JobWithMetadata, PgBoss } from 'pg-boss'
import { acceptedHeaders, etagOf, isOver, type Job, resultHeaders, showJob, statusHeaders } from '../hand-written.ts'
import { listen } from '../listen.ts'
import { buildReport, type ReportRequest, untilAborted } from '../report.ts'

const [connectionString = '', how] = process.argv.slice(2)
const boss = new PgBoss({ connectionString, useListenNotify: true })
boss.on('error', console.error)
await boss.start()
for (const name of ['report', 'hold']) await boss.createQueue(name, { notify: true, retryLimit: 0, deleteAfterSeconds: 86_400 })

// Woken for a new job, and looking again while there are more.
const interval = { pollingIntervalSeconds: 0.5, notifyPollingIntervalSeconds: 0.5 }
if (how === 'batches') {
  const options = { ...interval, batchSize: 10, perJobResults: true, burstWhenBatchFull: true } as const
  await boss.work<ReportRequest, object, typeof options>('report', options, (jobs) =>
    Promise.all(jobs.map(async ({ id, data }) => ({ id, status: 'completed' as const, output: await buildReport(data) }))),
  )
} else {
  const options = { ...interval, localConcurrency: 10 }
  await boss.work<ReportRequest>('report', options, async ([job]) => job && buildReport(job.data))
}
const holds = new Map<string, AbortController>()
await boss.work('hold', { ...interval, localConcurrency: 4 }, async ([job]) => {
  const controller = new AbortController()
  holds.set(job?.id ?? '', controller)
  await untilAborted(controller.signal)
})

const STATUS = {
  created: 'queued',
  retry: 'queued',
  active: 'running',
  completed: 'succeeded',
  cancelled: 'canceled',
  failed: 'failed',
} as const
const VERSION = { queued: 1, running: 2, succeeded: 3, failed: 3, canceled: 3 }
/** The record of the queue in the words of the API. */
function jobOf({ id, name, state, createdOn, startedOn, completedOn, output }: JobWithMetadata): Job {
  const status = STATUS[state]
  const [createdAt, startedAt, finishedAt] = [createdOn.getTime(), startedOn?.getTime(), completedOn?.getTime()]
  return {
    ...{ id, operation: name, createdAt, version: VERSION[status], status, lastUpdatedAt: finishedAt ?? startedAt ?? createdAt },
    ...{ startedAt, finishedAt, result: output ?? undefined },
  }
}

const app = new Hono()

async function accept(c: Context, operation: string, data: object) {
  const id = crypto.randomUUID()
  await boss.send(operation, data, { id })
  const now = Date.now()
  const job: Job = { id: operation.slice(0, 1) + id, operation, createdAt: now, version: 1, status: 'queued', lastUpdatedAt: now }
  return c.json(showJob(job), 202, acceptedHeaders(job))
}
/** Queues are asked by name, so ids that clients know begin with its first letter. */
const QUEUES: Partial<Record<string, string>> = { r: 'report', h: 'hold' }
async function find(c: Context): Promise<Job | undefined> {
  const known = c.req.param('id') ?? ''
  const name = QUEUES[known.slice(0, 1)]
  const [found] = name === undefined ? [] : await boss.findJobs<object>(name, { id: known.slice(1) })
  return found && { ...jobOf(found), id: known }
}
const notFound = (c: Context) => c.json({ error: 'There is no such job' }, 404, { 'Cache-Control': 'no-store' })

app.post('/reports', async (c) => accept(c, 'report', await c.req.json<ReportRequest>()))
app.post('/holds', (c) => accept(c, 'hold', {}))

app.get('/jobs/:id', async (c) => {
  const job = await find(c)
  if (!job) return notFound(c)
  if (c.req.header('if-none-match') === etagOf(job)) return c.body(null, 304, statusHeaders(job))
  return c.json(showJob(job), isOver(job) ? 200 : 202, statusHeaders(job))
})
app.get('/jobs/:id/result', async (c) => {
  const job = await find(c)
  if (!job) return notFound(c)
  if (!job.result) return c.json({ error: 'The result is not ready' }, 404, { 'Cache-Control': 'no-store', 'Retry-After': '1' })
  return c.json(job.result, 200, resultHeaders(job))
})
app.delete('/jobs/:id', async (c) => {
  holds.get(c.req.param('id').slice(1))?.abort(new Error('canceled'))
  return c.body(null, 204)
})

listen(createAdaptorServer(app))
