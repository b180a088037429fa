/** A Worker with itty-router: `POST /reports` takes a file and answers the report. Each job lives in a Durable Object. */
import { env } from 'cloudflare:workers'
import { createJobs } from '@respond-async/core'
import { buildReport } from '@respond-async/example-report'
import { jobRoutes, respondAsync } from '@respond-async/workers'
import { durableObjectStore } from '@respond-async/workers/durable-object'
import { type IRequest, Router } from 'itty-router'

export { JobObject } from '@respond-async/workers/durable-object'

const router = Router<IRequest, [Cloudflare.Env, ExecutionContext]>()
const jobs = createJobs<IRequest>({ store: durableObjectStore(env.JOBS) })

router.post(
  '/reports',
  // A Worker may go on for 30 seconds after its answer; with more than 25 a job runs under the alarm of its object.
  respondAsync(jobs, { operation: 'report', maxRunMs: 300_000 }, async (request) => {
    const file = (await request.formData()).get('file')
    if (!(file instanceof File)) return Response.json({ error: 'Send a file in the form field "file".' }, { status: 400 })
    const { job } = request
    const { bytes, contentType, fileName } = await buildReport(new Uint8Array(await file.arrayBuffer()), file.name, {
      signal: job.signal,
      onProgress: (percent, message) => job.progress(percent, message),
    })
    return new Response(bytes, { headers: { 'content-type': contentType, 'content-disposition': `attachment; filename="${fileName}"` } })
  }),
)
router.all('/jobs/*', jobRoutes(jobs))

export default router
