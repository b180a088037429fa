import { buffer } from 'node:stream/consumers'
import { createJobs, inProcess } from '@respond-async/core'
import { jobRoutes, type RequestWithJob, respondAsync } from '@respond-async/express'
import * as audit from '@respond-async/http-audits/target'
import type express from 'express'
import type { Request, RequestHandler, Response, Router } from 'express'

export interface ExpressTargetOptions {
  /** What is in front of the target's paths, as clients see them. */
  readonly prefix?: string
  /** In front of every wrapped handler, in the route. */
  readonly before?: RequestHandler
}

/** The audit target as routes of Express, 5 or 4, on an application or a router. */
export function expressTarget<R extends Router>(
  router: R,
  { prefix = '', before = (_req, _res, next) => next() }: ExpressTargetOptions = {},
): R {
  router.get('/audit', (_req, res) => void res.json(audit.describeTarget(audit.FEATURES)))
  router.post('/audit/release/:token', (req, res) => {
    audit.release(req.params.token)
    res.status(204).end()
  })
  router.use('/audit/validated', (req, res, next) => {
    if (req.get(audit.REFUSE_HEADER)) void send(res, audit.refusal())
    else next()
  })

  for (const set of Object.values<audit.AuditSet>(audit.AUDIT_SETS)) {
    const jobs = createJobs<Request>({
      ...{ ...set.options, engine: inProcess(set.engine), onError() {} },
      path: prefix === '' && set.path === '/jobs' ? undefined : prefix + set.path,
      owner: (req) => req.get(audit.OWNER_HEADER),
    })
    for (const [route, options] of Object.entries(set.routes)) {
      const handler = async (req: RequestWithJob, res: Response) => {
        // Where a parser has read the body, it is what the parser made of it.
        const body = req.readableEnded || req.complete ? req.body : await buffer(req)
        if (route !== 'echo') return send(res, await audit.runPlan(body, req.job))
        await send(res, audit.echo({ query: req.originalUrl.split('?')[1] ?? '', contentType: req.get('content-type') ?? null, body }))
      }
      router.post(`/audit/${route}`, before, respondAsync(jobs, { operation: `audit-${route}`, ...options }, handler))
    }
    router.use(set.path, jobRoutes(jobs))
    if (set.stopped) jobs.stop()
  }
  return router
}

/** Just these fields, each appended, and these bytes: no media type that nobody has planned. */
async function send(res: Response, { status, headers, body, pieces }: audit.PlannedResponse): Promise<void> {
  for (const [name, value] of headers) res.appendHeader(name, value)
  res.writeHead(status)
  for await (const piece of pieces ?? []) res.write(piece)
  res.end(body ?? undefined)
}

export type ExpressModule = typeof express
