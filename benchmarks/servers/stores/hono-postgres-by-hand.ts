/** Asynchronous jobs on Hono, written by hand over Postgres itself: a row for each job. `<url>` */
import { createAdaptorServer } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import pg from 'pg'
import { acceptedHeaders, etagOf, isOver, resultHeaders, showJob, statusHeaders } from '../hand-written.ts'
import { listen } from '../listen.ts'
import { buildReport, type ReportRequest } from '../report.ts'
import { hold, type Kept, release, start } from './in-a-store.ts'

const pool = new pg.Pool({ connectionString: process.argv[2], idleTimeoutMillis: 0 })
pool.on('error', console.error)
await pool.query('CREATE TABLE IF NOT EXISTS jobs (id text PRIMARY KEY, record text NOT NULL)')
const kept: Kept = {
  insert: (job) => pool.query({ name: 'insert', text: 'INSERT INTO jobs VALUES ($1, $2)', values: [job.id, JSON.stringify(job)] }),
  update: (job) => pool.query({ name: 'update', text: 'UPDATE jobs SET record = $2 WHERE id = $1', values: [job.id, JSON.stringify(job)] }),
  async find(id) {
    const { rows } = await pool.query({ name: 'find', text: 'SELECT record FROM jobs WHERE id = $1', values: [id] })
    return rows[0] && JSON.parse(rows[0].record)
  },
}

const app = new Hono()

async function accept(c: Context, operation: string, work: (id: string) => Promise<object>) {
  const job = await start(kept, operation, work)
  return c.json(showJob(job), 202, acceptedHeaders(job))
}
const notFound = (c: Context) => c.json({ error: 'There is no such job' }, 404, { 'Cache-Control': 'no-store' })

app.post('/reports', async (c) => {
  const request = await c.req.json<ReportRequest>()
  return accept(c, 'report', () => buildReport(request))
})
app.post('/holds', (c) => accept(c, 'hold', hold))

app.get('/jobs/:id', async (c) => {
  const job = await kept.find(c.req.param('id'))
  if (!job) return notFound(c)
  if (c.req.header('if-none-match') === etagOf(job)) return c.body(null, 304, statusHeaders(job))
  return c.json(showJob(job), isOver(job) ? 200 : 202, statusHeaders(job))
})
app.get('/jobs/:id/result', async (c) => {
  const job = await kept.find(c.req.param('id'))
  if (!job) return notFound(c)
  if (!job.result) return c.json({ error: 'The result is not ready' }, 404, { 'Cache-Control': 'no-store', 'Retry-After': '1' })
  return c.json(job.result, 200, resultHeaders(job))
})
app.delete('/jobs/:id', (c) => {
  release(c.req.param('id'))
  return c.body(null, 204)
})

listen(createAdaptorServer(app))
