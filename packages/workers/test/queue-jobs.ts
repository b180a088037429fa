/** Jobs that run in the consumer of a Queue, in the Worker of these tests. */
import { env } from 'cloudflare:workers'
import { createJobs } from '@respond-async/core'
import { durableObjectStore } from '../src/durable-object'
import { jobRoutes, respondAsync } from '../src/index'
import { cloudflareQueue, queueConsumer } from '../src/queues'

export const queueErrors: unknown[] = []

export const queueJobs = createJobs<Request>({
  path: '/queued',
  store: durableObjectStore(env.QUEUED),
  engine: cloudflareQueue({ queue: env.QUEUE }),
  leaseMs: 3_000,
  startDeadlineMs: 2_000,
  cancelGraceMs: 100,
  onError: () => {},
})

const run = respondAsync<Cloudflare.Env>(queueJobs, { operation: 'queued', retries: 2, backoffMs: 1 }, async (request, own, ctx) => {
  const { gate, failures = 0 } = (await request.json()) as { gate?: string; failures?: number }
  while (gate !== undefined) {
    request.job.signal.throwIfAborted()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  if (request.job.attempt <= failures) throw new Error(`failed ${request.job.attempt}`)
  return Response.json({ attempt: request.job.attempt, has: [own.QUEUE !== undefined, typeof ctx.waitUntil] })
})
const routes = jobRoutes(queueJobs)

/** `undefined`: not for these jobs. */
export const queueFetch = async (request: Request, own: Cloudflare.Env, ctx: ExecutionContext) =>
  new URL(request.url).pathname === '/queued' && request.method === 'POST' ? run(request, own, ctx) : routes(request, own, ctx)

export const consume = queueConsumer(queueJobs, { queue: env.QUEUE, onError: (error) => queueErrors.push(error) })
