/** A Worker whose first attempt at a job never ends: it takes a restart, and then the alarm of the job's object. */
import { env } from 'cloudflare:workers'
import { createJobs } from '@respond-async/core'
import { respondAsync } from '@respond-async/workers'
import { durableObjectStore } from '@respond-async/workers/durable-object'

export { JobObject } from '@respond-async/workers/durable-object'

const { JOBS } = env as unknown as { JOBS: DurableObjectNamespace } // as tests/restart.test.ts binds it
const jobs = createJobs({ store: durableObjectStore(JOBS), leaseMs: 1_000, onError() {} })
const options = { maxRunMs: 600_000, backoffMs: 1 }
const work = async ({ job }: { job: { attempt: number } }) => {
  if (job.attempt === 1) await new Promise(() => {})
  return Response.json({ attempt: job.attempt })
}
const routes: Record<string, (request: Request, env: unknown, ctx: ExecutionContext) => Promise<Response>> = {
  '/once': respondAsync<unknown>(jobs, { operation: 'once', ...options }, work),
  '/twice': respondAsync<unknown>(jobs, { operation: 'twice', retries: 1, ...options }, work),
}

export default {
  async fetch(request, own, ctx) {
    const { pathname, searchParams } = new URL(request.url)
    const route = routes[pathname]
    // What is stored, and no more: a read of the status would repair an overdue job.
    return route ? route(request, own, ctx) : Response.json(await jobs.get(searchParams.get('id') ?? ''))
  },
} satisfies ExportedHandler<unknown>
