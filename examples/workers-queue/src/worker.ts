import { env } from 'cloudflare:workers'
import { createJobs } from '@respond-async/core'
import { jobRoutes, respondAsync } from '@respond-async/workers'
import { durableObjectStore } from '@respond-async/workers/durable-object'
import { cloudflareQueue, queueConsumer } from '@respond-async/workers/queues'
import { error, type IRequest, json, Router } from 'itty-router'
import { checkLinks } from './work'

export { JobObject } from '@respond-async/workers/durable-object'

// At the top level, so that the consumer of the queue and the alarm of a job's object find the handlers, too.
const jobs = createJobs<IRequest>({
  store: durableObjectStore(env.JOBS),
  engine: cloudflareQueue({ queue: env.QUEUE }),
  // A consumer that died is noticed after 5 s instead of 30, and a cancellation reaches one within 2 s instead of 10.
  leaseMs: 5_000,
})

const router = Router<IRequest, [Cloudflare.Env, ExecutionContext]>({ catch: error })

// Runs in the consumer, on the stored request. It may run again after a crash, so it must be idempotent.
router.post(
  '/link-checks',
  respondAsync(jobs, { operation: 'link-check', retries: 3, backoffMs: 500 }, async (request) => {
    const addresses = (await request.text()).split(/\s+/).filter(Boolean)
    if (addresses.length === 0) return error(422, 'Send addresses, one on each line.')
    return json({ attempt: request.job.attempt, found: await checkLinks(addresses, request.job) }, { status: 201 })
  }),
)

router.all('/jobs/*', jobRoutes(jobs))
router.all('*', () => error(404))

export default { fetch: router.fetch, queue: queueConsumer(jobs, { queue: env.QUEUE }) } satisfies ExportedHandler<Cloudflare.Env>
