import { createJobs, type JobStore } from '@respond-async/core'
import * as audit from '@respond-async/http-audits/target'
import { jobRoutes, respondAsync } from '@respond-async/workers'
import { type IRequest, IttyRouter } from 'itty-router'
import { planned } from '../audits/planned'

/** The audit target on itty-router: whatever store it is given for each set. Its engine is the store's, or `waitUntil`. */
export function auditRouter(storeOf: (set: string) => JobStore, ...lacking: audit.Feature[]) {
  const lacks = ['queue-limit', ...lacking]
  const router = IttyRouter<IRequest, [unknown, ExecutionContext]>()
  router.get('/audit', () => Response.json(audit.describeTarget(audit.FEATURES.filter((feature) => !lacks.includes(feature)))))
  router.post('/audit/release/:token', ({ params }) => {
    audit.release(params.token ?? '')
    return new Response(null, { status: 204 })
  })
  router.post('/audit/validated', ({ headers }) => (headers.has(audit.REFUSE_HEADER) ? planned(audit.refusal()) : undefined))

  for (const [name, set] of Object.entries<audit.AuditSet>(audit.AUDIT_SETS)) {
    if (name === 'crowded') continue
    const jobs = createJobs<Request>({
      ...{ ...set.options, path: set.path, store: storeOf(name), leaseMs: 3_000, onError() {} },
      owner: ({ headers }) => headers.get(audit.OWNER_HEADER),
    })
    for (const [route, options] of Object.entries(set.routes)) {
      const handler = respondAsync<unknown, IRequest>(jobs, { operation: `audit-${route}`, ...options }, async (request) => {
        if (route !== 'echo') return planned(await audit.runPlan(await request.text(), request.job))
        const body = new Uint8Array(await request.arrayBuffer())
        return planned(audit.echo({ query: new URL(request.url).search.slice(1), contentType: request.headers.get('content-type'), body }))
      })
      router.post(`/audit/${route}`, handler)
    }
    router.all(`${set.path}/*`, jobRoutes(jobs))
    if (set.stopped) jobs.stop()
  }
  return router.all('*', () => new Response('nothing here', { status: 404 }))
}
