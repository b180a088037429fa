/** A Worker with one operation, whose jobs are Durable Objects. */
import { createJobs } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/workers'
import { durableObjectStore } from '@respond-async/workers/durable-object'
import { Router } from 'itty-router'

export { JobObject } from '@respond-async/workers/durable-object'

interface Env {
  JOBS: Parameters<typeof durableObjectStore>[0]
}
let router: ReturnType<typeof Router> | undefined

function routerFor(env: Env) {
  const jobs = createJobs({ store: durableObjectStore(env.JOBS) })
  const made = Router()
  made.post(
    '/work',
    respondAsync(jobs, 'work', async (request) => {
      for (let percent = 1; percent <= 100; percent++) {
        await request.job.progress(percent)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      return Response.json({ made: true })
    }),
  )
  made.all('/jobs/*', jobRoutes(jobs))
  return made
}

export default {
  fetch(request: Request, env: Env, context: unknown): Promise<Response> {
    router ??= routerFor(env)
    return router.fetch(request, env, context)
  },
}
