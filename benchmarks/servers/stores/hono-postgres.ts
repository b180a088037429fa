/** The same on Hono with this library over Postgres: `<url of the store> [url of pg-boss's Postgres]`; without the second in this process. */
import { createAdaptorServer } from '@hono/node-server'
import { createJobs, inProcess } from '@respond-async/core'
import { pgBossEngine } from '@respond-async/engine-pg-boss'
import { jobRoutes, respondAsync } from '@respond-async/hono'
import { postgresStore } from '@respond-async/store-postgres'
import { Hono } from 'hono'
import pg from 'pg'
import { PgBoss } from 'pg-boss'
import { listen } from '../listen.ts'
import { buildReport, type ReportRequest, untilAborted } from '../report.ts'

const [connectionString = '', queueUrl] = process.argv.slice(2)
const client = new pg.Pool({ connectionString, idleTimeoutMillis: 0 })
client.on('error', console.error)
/** The same database by whatever address, so a job is handed over with the insert. */
const overPgBoss = (url: string) =>
  pgBossEngine({ boss: new PgBoss({ connectionString: url, useListenNotify: true }), pollingIntervalSeconds: 0.5 })

const jobs = createJobs({
  store: postgresStore({ client }),
  engine: queueUrl === undefined ? inProcess({ concurrency: 20 }) : overPgBoss(queueUrl),
})
const app = new Hono()

app.post(
  '/reports',
  respondAsync(jobs, 'report', async (c) => c.json(await buildReport(await c.req.json<ReportRequest>()))),
)
app.post(
  '/holds',
  respondAsync(jobs, 'hold', (c) => untilAborted(c.get('job')?.signal)),
)
app.post(
  '/steps',
  respondAsync(jobs, 'step', async (c) => {
    await c.get('job')?.progress(50)
    return c.json(await buildReport(await c.req.json<ReportRequest>()))
  }),
)
app.post(
  '/files',
  respondAsync(jobs, 'file', async (c) => {
    const { bytes } = await c.req.json<{ bytes: number }>()
    return c.body(Buffer.alloc(bytes, 'a'), 200, { 'Content-Type': 'application/octet-stream' })
  }),
)
app.route('/jobs', jobRoutes(jobs))

await jobs.start()
listen(createAdaptorServer(app))
