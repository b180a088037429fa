/** D1; jobs run in the consumer of a Queue, and the cron handler sweeps. */
import { createJobs } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/workers'
import { d1Store } from '@respond-async/workers/d1'
import { cloudflareQueue, queueConsumer } from '@respond-async/workers/queues'
import { WORK } from '../crash/task'
import { type Env, onError, options, own, work } from './crash-work'

const jobs = createJobs({ ...options, store: d1Store({ database: own.DB }), engine: cloudflareQueue({ queue: own.QUEUE }) })
const run = respondAsync<Env>(jobs, WORK, work)
const routes = jobRoutes(jobs)

export default {
  async fetch(request, env, ctx) {
    return request.method === 'POST' ? run(request, env, ctx) : ((await routes(request, env, ctx)) ?? new Response(null, { status: 404 }))
  },
  queue: queueConsumer<Env>(jobs, { queue: own.QUEUE, onError }),
  async scheduled(_event, env, ctx) {
    await jobs.sweep({ env, context: ctx, waitUntil: (work) => ctx.waitUntil(work) })
  },
} satisfies ExportedHandler<Env>
