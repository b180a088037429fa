import { pathOf } from '@respond-async/core'
import { platformOf, toResponse } from '@respond-async/core/fetch'
import type { DashboardOptions } from './access'
import { createAnswers } from './answers'
import type { OperatedJobs } from './operated-jobs'

/** Options of {@link dashboard}. */
export interface FetchDashboardOptions<R extends Request = Request> extends DashboardOptions<R> {
  /** Path of the dashboard as this handler sees it. @default '/dashboard' */
  path?: string | undefined
}

/**
 * The dashboard for fetch handlers: Workers, Bun, Deno, Next.js routes. Answers all requests at and under `path`; resolves to `undefined`
 * for others.
 *
 * @throws {JobsError} `invalid_option`, also without an access check
 */
export function dashboard<R extends Request = Request>(
  jobs: OperatedJobs,
  options: FetchDashboardOptions<R>,
): (request: R, ...rest: unknown[]) => Promise<Response | undefined> {
  const { path = '/dashboard', ...common } = { ...options }
  const answers = createAnswers(jobs, common)
  const mount = path.replace(/\/+$/, '')
  return async (request, ...rest) => {
    const [pathname = ''] = pathOf(request.url).split(/[?#]/, 1)
    if (!pathname.startsWith(mount) || (pathname.length > mount.length && pathname[mount.length] !== '/')) return undefined
    return toResponse(await answers(request, pathname.slice(mount.length), request, platformOf(rest[0], rest[1])))
  }
}
