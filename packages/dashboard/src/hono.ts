import { platformOf, toResponse } from '@respond-async/core/fetch'
import { createAnswers, type DashboardOptions, type OperatedJobs } from '@respond-async/dashboard'
import { type Context, type Env, Hono } from 'hono'
import { basePath } from 'hono/route'

/**
 * The dashboard for Hono: `app.route('/admin/jobs', dashboard(jobs, { access: (c) => c.get('user')?.isAdmin }))`, also in a sub-app.
 * Errors of `access` go to Hono's error handler.
 *
 * @throws {JobsError} `invalid_option`, also without an access check
 */
export function dashboard<E extends Env = Env>(jobs: OperatedJobs, options: DashboardOptions<Context<E>>): Hono<E> {
  const answers = createAnswers(jobs, options)
  return new Hono<E>().all('*', async (c) => {
    const mount = basePath(c).replace(/\/$/, '')
    return toResponse(await answers(c.req.raw, c.req.path.slice(mount.length), c, platformOf(c.env, executionOf(c))))
  })
}

/** The execution context; Hono throws if the platform has none. */
function executionOf(c: Context): Context['executionCtx'] | undefined {
  try {
    return c.executionCtx
  } catch {
    return undefined
  }
}
