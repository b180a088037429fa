import { createJobs, type JobEngine } from '@respond-async/core'
import { jobRoutes, type RequestWithJob, respondAsync } from '@respond-async/core/fetch'
import * as audit from '@respond-async/http-audits/target'
import { planned } from './planned.ts'

type Fetch = (request: Request) => Promise<Response | undefined>

/** The audit target as a plain fetch handler; nothing in it belongs to one runtime. */
export function fetchTarget(engine?: (set: audit.AuditSet) => JobEngine): (request: Request) => Promise<Response> {
  const handlers = new Map<string, Fetch>()
  const routes: Fetch[] = []
  for (const set of Object.values<audit.AuditSet>(audit.AUDIT_SETS)) {
    const jobs = createJobs<Request>({
      ...{ ...set.options, path: set.path, engine: engine?.(set), onError() {} },
      owner: ({ headers }) => headers.get(audit.OWNER_HEADER),
    })
    for (const [route, options] of Object.entries(set.routes))
      handlers.set(`/audit/${route}`, respondAsync(jobs, { operation: `audit-${route}`, ...options }, route === 'echo' ? echo : run))
    routes.push(jobRoutes(jobs))
    if (set.stopped) jobs.stop()
  }

  return async (request) => {
    const { pathname } = new URL(request.url)
    if (pathname === '/audit') return Response.json(audit.describeTarget(audit.FEATURES))
    if (pathname.startsWith('/audit/release/')) {
      audit.release(decodeURIComponent(pathname.slice('/audit/release/'.length)))
      return new Response(null, { status: 204 })
    }
    if (pathname === '/audit/validated' && request.headers.has(audit.REFUSE_HEADER)) return planned(audit.refusal())
    const handler = request.method === 'POST' && handlers.get(pathname)
    if (handler) return (await handler(request)) as Response // a wrapped handler always answers
    for (const route of routes) {
      const answer = await route(request)
      if (answer) return answer
    }
    return new Response('nothing here', { status: 404 })
  }
}

const run = async (request: RequestWithJob) => planned(await audit.runPlan(await request.text(), request.job))
const echo = async (request: RequestWithJob) =>
  planned(
    audit.echo({
      query: new URL(request.url).search.slice(1),
      contentType: request.headers.get('content-type'),
      body: new Uint8Array(await request.arrayBuffer()),
    }),
  )
