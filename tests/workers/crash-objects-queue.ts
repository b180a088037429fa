/** Durable Objects; jobs run in the consumer of a Queue. */
import { createJobs } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/workers'
import { durableObjectStore } from '@respond-async/workers/durable-object'
import { cloudflareQueue, queueConsumer } from '@respond-async/workers/queues'
import { WORK } from '../crash/task'
import { type Env, onError, options, own, work } from './crash-work'

export { JobObject } from '@respond-async/workers/durable-object'

const jobs = createJobs({ ...options, store: durableObjectStore(own.JOBS_OBJECT), engine: cloudflareQueue({ queue: own.QUEUE }) })
const run = respondAsync<Env>(jobs, WORK, work)
const routes = jobRoutes(jobs)

export default {
  async fetch(request, env, ctx) {
    return request.method === 'POST' ? run(request, env, ctx) : ((await routes(request, env, ctx)) ?? new Response(null, { status: 404 }))
  },
  queue: queueConsumer<Env>(jobs, { queue: own.QUEUE, onError }),
} satisfies ExportedHandler<Env>
