/** Durable Objects and their own engine: half of the jobs run where they came in, under `waitUntil`, the other half under their alarms. */
import { createJobs } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/workers'
import { durableObjectStore } from '@respond-async/workers/durable-object'
import { WORK } from '../crash/task'
import { type Env, options, own, work } from './crash-work'

export { JobObject } from '@respond-async/workers/durable-object'

const jobs = createJobs({ ...options, store: durableObjectStore(own.JOBS_OBJECT) })
const short = respondAsync<Env>(jobs, WORK, work)
const long = respondAsync<Env>(jobs, { ...WORK, operation: 'long work', maxRunMs: 60_000 }, work)
const routes = jobRoutes(jobs)

export default {
  async fetch(request, env, ctx) {
    if (request.method !== 'POST') return (await routes(request, env, ctx)) ?? new Response(null, { status: 404 })
    const isShort = /[02468]$/.test(request.headers.get('idempotency-key') ?? '')
    return (isShort ? short : long)(request, env, ctx)
  },
} satisfies ExportedHandler<Env>
