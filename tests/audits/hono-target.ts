import { createJobs, type JobEngine, type JobStore } from '@respond-async/core'
import { type JobRoutesOptions, jobRoutes, respondAsync } from '@respond-async/hono'
import * as audit from '@respond-async/http-audits/target'
import { type Context, type Handler, Hono, type MiddlewareHandler } from 'hono'
import { planned } from './planned.ts'

export interface HonoTargetOptions {
  /** For each set; the in-process engine of the set where it is left out. */
  readonly engine?: (set: audit.AuditSet) => JobEngine
  /** For each set, by its name: on Workers, where a heartbeat is how a handler hears of a cancellation. */
  readonly store?: (set: string) => JobStore
  readonly lacks?: readonly audit.Feature[]
  /** What is in front of the target's paths, as clients see them. */
  readonly prefix?: string
  /** In front of every wrapped handler, in the route. */
  readonly before?: MiddlewareHandler
  /** That of the runtime, for sockets at the events of jobs. */
  readonly upgradeWebSocket?: JobRoutesOptions['upgradeWebSocket']
}

/** The audit target on Hono; nothing in it belongs to one runtime. */
export function honoTarget(options: HonoTargetOptions = {}): Hono {
  const { engine, store, lacks = [], prefix = '', before = (_, next) => next(), upgradeWebSocket } = options
  const app = new Hono()
  app.get('/audit', (c) => c.json(audit.describeTarget(audit.FEATURES.filter((feature) => !lacks.includes(feature)))))
  app.post('/audit/release/:token', (c) => {
    audit.release(c.req.param('token'))
    return c.body(null, 204)
  })
  app.use('/audit/validated', async (c, next) => {
    if (!c.req.header(audit.REFUSE_HEADER)) return next()
    return planned(audit.refusal())
  })

  for (const [name, set] of Object.entries<audit.AuditSet>(audit.AUDIT_SETS)) {
    const jobs = createJobs<Context>({
      ...{ ...set.options, engine: engine?.(set), store: store?.(name), leaseMs: store && 3_000, onError() {} },
      path: prefix === '' && set.path === '/jobs' ? undefined : prefix + set.path,
      owner: (c) => c.req.header(audit.OWNER_HEADER),
    })
    for (const [route, how] of Object.entries(set.routes)) {
      const handler: Handler = async (c) => {
        if (route !== 'echo') return planned(await audit.runPlan(await c.req.text(), c.get('job')))
        const body = new Uint8Array(await c.req.arrayBuffer())
        return planned(audit.echo({ query: new URL(c.req.url).search.slice(1), contentType: c.req.header('content-type') ?? null, body }))
      }
      app.post(`/audit/${route}`, before, respondAsync(jobs, { operation: `audit-${route}`, ...how }, handler))
    }
    app.route(set.path, jobRoutes(jobs, { upgradeWebSocket }))
    if (set.stopped) jobs.stop()
  }
  return app
}
