/** D1; each job runs in a Workflow, and the cron handler sweeps. */
import { createJobs } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/workers'
import { d1Store } from '@respond-async/workers/d1'
import { cloudflareWorkflow, jobWorkflow } from '@respond-async/workers/workflows'
import { WORK } from '../crash/task'
import { type Env, options, own, work } from './crash-work'

const jobs = createJobs({ ...options, store: d1Store({ database: own.DB }), engine: cloudflareWorkflow({ workflow: own.WORKFLOW }) })
export const JobWorkflow = jobWorkflow<Env>(jobs)
const run = respondAsync<Env>(jobs, WORK, work)
const routes = jobRoutes(jobs)

export default {
  async fetch(request, env, ctx) {
    return request.method === 'POST' ? run(request, env, ctx) : ((await routes(request, env, ctx)) ?? new Response(null, { status: 404 }))
  },
  async scheduled(_event, env, ctx) {
    await jobs.sweep({ env, context: ctx, waitUntil: (work) => ctx.waitUntil(work) })
  },
} satisfies ExportedHandler<Env>
