import type { OutgoingHttpHeaders } from 'node:http'
import { pathOf } from '@respond-async/core'
import { createAnswers, type DashboardOptions, type OperatedJobs } from '@respond-async/dashboard'
import type { Request, RequestHandler } from 'express'

/**
 * The dashboard for Express: `app.use('/admin/jobs', dashboard(jobs, { access: (req) => req.user?.isAdmin }))`, also in a nested router.
 * Errors of `access` go to Express's error handler.
 *
 * @throws {JobsError} `invalid_option`, also without an access check
 */
export function dashboard(jobs: OperatedJobs, options: DashboardOptions<Request>): RequestHandler {
  const answers = createAnswers(jobs, options)
  return (req, res, next) => {
    const { method, originalUrl: url } = req
    const [path = ''] = pathOf(url).split('?', 1)
    const headers = { get: (name: string) => req.get(name) ?? null }
    answers({ method, url, headers }, path.slice(req.baseUrl.length), req)
      .then(({ status, headers, body }) => {
        if (res.headersSent) return // something else has answered, such as a timeout
        // Replaces headers: a Content-Security-Policy that earlier middleware set for the application's own pages does not fit this one.
        res.writeHead(status, headers as OutgoingHttpHeaders).end(body)
      })
      .catch(next)
  }
}
