/** Jobs that run in a Workflow, in the Worker of these tests. */
import { env } from 'cloudflare:workers'
import { createJobs } from '@respond-async/core'
import { d1Store } from '../src/d1'
import { respondAsync } from '../src/index'
import { cloudflareWorkflow, jobWorkflow } from '../src/workflows'

export const flowGates = new Set<string>()
export const flowStore = d1Store({ database: env.FLOW_DB })
export const flowJobs = createJobs<Request>({
  store: flowStore,
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

export const JobWorkflow = jobWorkflow<Cloudflare.Env>(() => flowJobs)
