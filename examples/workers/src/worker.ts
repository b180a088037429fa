import { env } from 'cloudflare:workers'
import { createJobs } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/workers'
import { durableObjectStore } from '@respond-async/workers/durable-object'
import { error, type IRequest, json, Router } from 'itty-router'
import { climateOf, countWords } from './work'

export { JobObject } from '@respond-async/workers/durable-object'

// At the top level, so that the alarm of a job's object finds the handlers, too.
const jobs = createJobs<IRequest>({
  store: durableObjectStore(env.JOBS),
  // Stands in for the signed-in user of a real application: others cannot see the job, and the user can list their own.
  owner: (request) => request.headers.get('x-user'),
})

const router = Router<IRequest, [Cloudflare.Env, ExecutionContext]>({ catch: error })

// Up to 25 s: runs where the request came in, kept alive by waitUntil.
router.post(
  '/word-counts',
  respondAsync(jobs, 'word-counts', async (request) => json(countWords(await request.text()), { status: 201 })),
)

// Up to 14.5 minutes: runs in the job's own object.
router.post(
  '/climate/:days',
  respondAsync(jobs, { operation: 'climate', maxRunMs: 600_000 }, async ({ params, job }) => {
    const days = Number(params.days)
    if (!Number.isInteger(days) || days < 1 || days > 366) return error(422, 'The number of days must be from 1 to 366.')
    return json(await climateOf(days, job))
  }),
)

router.all('/jobs/*', jobRoutes(jobs))
router.all('*', () => error(404))

export default { fetch: router.fetch } satisfies ExportedHandler<Cloudflare.Env>
