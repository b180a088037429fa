/** Hono on Node: `POST /reports` takes a file and answers the report. */
import { serve } from '@hono/node-server'
import { createJobs } from '@respond-async/core'
import { buildReport } from '@respond-async/example-report'
import { jobRoutes, respondAsync } from '@respond-async/hono'
import { Hono } from 'hono'

const app = new Hono()
const jobs = createJobs()

app.post(
  '/reports',
  respondAsync(jobs, 'report', async (c) => {
    const { file } = await c.req.parseBody()
    if (!(file instanceof File)) return c.json({ error: 'Send a file in the form field "file".' }, 400)
    const job = c.get('job')
    const report = await buildReport(new Uint8Array(await file.arrayBuffer()), file.name, {
      signal: job.signal,
      onProgress: (percent, message) => job.progress(percent, message),
    })
    c.header('Content-Type', report.contentType)
    c.header('Content-Disposition', `attachment; filename="${report.fileName}"`)
    return c.body(report.bytes)
  }),
)
app.route('/jobs', jobRoutes(jobs))

serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000), hostname: '127.0.0.1' }, ({ port }) => {
  console.log(`http://127.0.0.1:${port}`)
})
