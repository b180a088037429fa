import { env } from 'cloudflare:workers'
import { AsyncLocalStorage } from 'node:async_hooks'
import { createJobs, type Jobs } from '@respond-async/core'
import { type IRequest, Router } from 'itty-router'
import { durableObjectStore, JobObject } from '../src/durable-object'
import { jobRoutes, respondAsync } from '../src/index'
import { consume, queueFetch } from './queue-jobs'
import { flowFetch } from './workflow-jobs'

export { JobWorkflow } from './workflow-jobs'
export { JobObject }
/** A namespace for the store alone: no jobs are made for it, and nobody minds that the cases are long overdue. */
export class KitObject extends JobObject {
  override async alarm() {}
}
/** Its jobs run in the consumer of a Queue. */
export class QueuedObject extends JobObject {}
/** Nobody makes jobs for it. */
export class OrphanObject extends JobObject {}
/** Its jobs are made when they are first needed. */
export class LazyObject extends JobObject {
  protected override prepare() {
    if (open.has('unprepared')) throw new Error('not prepared')
    lazyJobs()
  }
}
let lazy: Jobs<Request> | undefined
function lazyJobs(): Jobs<Request> {
  if (lazy) return lazy
  lazy = createJobs<Request>({ store: durableObjectStore(env.LAZY) })
  respondAsync(lazy, 'lazy', () => Response.json('done'))
  return lazy
}

/** What tests turn while the Worker runs; they share its isolate. */
export const clock = { aheadMs: 0 }
export const open = new Set<string>()
export const runs = new Map<string, number>()
export const errors: unknown[] = []
/** Ids of the jobs whose end has been told. */
export const told: string[] = []

export const jobs = createJobs<Request>({
  store: durableObjectStore(env.JOBS),
  owner: ({ headers }) => headers.get('x-owner'),
  now: () => Date.now() + clock.aheadMs,
  leaseMs: 600_000, // no heartbeat within a test: what a run hears, it hears otherwise
  onError: (error) => errors.push(error),
  webhooks: {
    retryMs: [],
    refusal: () => undefined,
    check: async () => undefined,
    async send({ job }) {
      do await scheduler.wait(20)
      while (open.has('a slow receiver'))
      told.push(job.id)
      return { status: 204 }
    },
  },
})

const router = Router<IRequest, [Cloudflare.Env, ExecutionContext]>()
const wrap = (operation: string, options = {}) =>
  router.post(
    `/${operation}`,
    respondAsync(jobs, { operation, ...options }, async (request, _env, ctx) => {
      const run = (runs.get(operation) ?? 0) + 1
      runs.set(operation, run)
      const { gate, failures = 0, bytes } = (await request.json()) as { gate?: string; failures?: number; bytes?: number }
      while (gate !== undefined && !open.has(gate)) {
        request.job.signal.throwIfAborted()
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      if (request.job.attempt <= failures) throw new Error(`failed ${request.job.attempt}`)
      ctx.waitUntil(new Promise((resolve) => setTimeout(resolve, 5)))
      if (bytes !== undefined) return new Response(new Uint8Array(bytes))
      return Response.json({ attempt: request.job.attempt, authorization: request.headers.get('authorization') })
    }),
  )
wrap('short')
wrap('long', { maxRunMs: 870_000 })
wrap('lasting', { maxRunMs: 60_000, retries: 1, backoffMs: 1 })
wrap('flaky', { retries: 2, backoffMs: 1 })
wrap('later', { delayMs: 3_600_000 })
wrap('telling', { maxRunMs: 60_000, webhook: 'https://receiver.example/' })
wrap('owing', { delayMs: 3_600_000, webhook: 'https://receiver.example/' })
wrap('brief', { resultTtlMs: 60_000 })
for (const [operation, maxRunMs] of Object.entries({ here: 1_000, there: 60_000 }))
  router.post(
    `/context/${operation}`,
    respondAsync(jobs, { operation, maxRunMs }, ({ headers }, own, ctx) => {
      ctx.passThroughOnException()
      ctx.waitUntil(undefined as never) // as of a client that is not set up: the platform lets it pass
      ctx.waitUntil(scheduler.wait(100).then(() => runs.set(operation, 1)))
      const has = { env: own.JOBS !== undefined, exports: Object.keys(ctx.exports ?? {}).includes('JobObject') }
      return Response.json({ ...has, length: headers.get('content-length') })
    }),
  )
router.all('/jobs/*', jobRoutes(jobs))

const user = new AsyncLocalStorage<unknown>()
const ofUser = respondAsync(jobs, 'user', () => Response.json(user.getStore()))
router.post('/user', (request, own, ctx) => user.run(request.query.name, () => ofUser(request, own, ctx)))
router.all('/queued/*', queueFetch)
router.all('/flows/*', flowFetch)

export default { fetch: router.fetch, queue: consume } satisfies ExportedHandler<Cloudflare.Env>
