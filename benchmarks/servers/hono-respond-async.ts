/** The same on Hono with this library, at its defaults. */
import { createAdaptorServer } from '@hono/node-server'
import { createJobs, memoryStore } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/hono'
import { Hono } from 'hono'
import { listen } from './listen.ts'
import { buildReport, type ReportRequest, untilAborted } from './report.ts'

const jobs = createJobs({ store: memoryStore() })
const app = new Hono()

app.post(
  '/reports',
  respondAsync(jobs, 'report', async (c) => c.json(await buildReport(await c.req.json<ReportRequest>()))),
)
app.post(
  '/holds',
  respondAsync(jobs, 'hold', (c) => untilAborted(c.get('job')?.signal)),
)
app.route('/jobs', jobRoutes(jobs))

listen(createAdaptorServer(app))
