/** Jobs that run in a Workflow, in the Worker of these tests. */
import { env } from 'cloudflare:workers'
import { createJobs } from '@respond-async/core'
import { d1Store } from '../src/d1'
import { jobRoutes, respondAsync } from '../src/index'
import { r2Blobs } from '../src/r2'
import { cloudflareWorkflow, jobWorkflow } from '../src/workflows'

export const flowGates = new Set<string>()
export const flowStore = d1Store({ database: env.FLOW_DB })
export const flowJobs = createJobs<Request>({
  path: '/flows',
  store: flowStore,
  blobs: r2Blobs(env.BUCKET),
  engine: cloudflareWorkflow({ workflow: env.WORKFLOW }),
  leaseMs: 3_000,
  startDeadlineMs: 2_000,
  cancelGraceMs: 100,
  onError: () => {},
})

respondAsync<Cloudflare.Env>(flowJobs, { operation: 'flow', retries: 2, backoffMs: 1 }, async (request, own, ctx) => {
  const { gate, failures = 0 } = (await request.json()) as { gate?: string; failures?: number }
  while (gate !== undefined && !flowGates.has(gate)) {
    request.job.signal.throwIfAborted()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  if (request.job.attempt <= failures) throw new Error(`failed ${request.job.attempt}`)
  return Response.json({ attempt: request.job.attempt, has: [own.WORKFLOW !== undefined, typeof ctx.waitUntil] })
})

/** Nobody's, after a while. */
const owner = async ({ headers }: Request) => {
  if (!headers.has('x-stranger')) return null
  await scheduler.wait(200)
  throw new Error('not signed in')
}
const later = { operation: 'flow later', delayMs: 3_600_000, maxBodyBytes: 600_000, owner }
const submitLater = respondAsync<Cloudflare.Env>(flowJobs, later, () => new Response('done'))
const routes = jobRoutes(flowJobs)

/** `undefined`: not for these jobs. */
export const flowFetch = async (request: Request, own: Cloudflare.Env, ctx: ExecutionContext) =>
  new URL(request.url).pathname === '/flows' && request.method === 'POST' ? submitLater(request, own, ctx) : routes(request, own, ctx)

export const JobWorkflow = jobWorkflow<Cloudflare.Env>(() => flowJobs)
