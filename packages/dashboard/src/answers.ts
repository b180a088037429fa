import { type Answer, type JobRequest, type Platform, pathOf, sizeOf } from '@respond-async/core'
import { type DashboardOptions, grantOf, invalid, settingsOf } from './access'
import { answerApi } from './api'
import { document } from './document'
import { FILES } from './files'
import type { OperatedJobs } from './operated-jobs'
import { notAllowed, notFound, withSecurity } from './plain-answers'

/** Answers a request under the mount path. `rest`: the path after that, `''` or beginning with a slash. */
export type DashboardAnswer<Native> = (request: JobRequest, rest: string, native: Native, platform?: Platform) => Promise<Answer>

/**
 * The dashboard without a framework, for writing an adapter. Answers all requests under its mount path.
 *
 * @throws {JobsError} `invalid_option`, also without an access check
 */
export function createAnswers<Native>(jobs: OperatedJobs, options: DashboardOptions<Native>): DashboardAnswer<Native> {
  if (typeof jobs?.list !== 'function') throw invalid('needs the jobs: dashboard(jobs, { access: (request) => … }).')
  const settings = settingsOf(options)
  const answer: DashboardAnswer<Native> = async (request, rest, native, platform) => {
    const grant = grantOf(await settings.access(native))
    // Without access it looks as if there were no dashboard, as with another owner's job.
    if (!grant) return notFound()
    if (rest.startsWith('/api/')) return answerApi({ jobs, settings, grant, request, platform, path: rest.slice(5) })
    if (request.method !== 'GET' && request.method !== 'HEAD') return notAllowed('GET, HEAD')
    if (rest === '') return toSlash(request.url)
    if (rest === '/') return document(settings.title)
    const file = rest.startsWith('/assets/') ? FILES[rest.slice(8)] : undefined
    return file ?? notFound()
  }
  return async (...asked) => forMethod(asked[0].method, withSecurity(await answer(...asked)))
}

/** Redirects to the path with a trailing slash: the page's links to its files are relative, since a proxy may strip a path prefix. */
function toSlash(url: string): Answer {
  const [path = '', ...query] = pathOf(url).split('?')
  const segment = path.slice(path.lastIndexOf('/') + 1)
  return { status: 307, headers: { Location: `./${segment}/${query.length > 0 ? `?${query.join('?')}` : ''}` }, body: null }
}

function forMethod(method: string, answer: Answer): Answer {
  if (method !== 'HEAD' || typeof answer.body !== 'string') return answer
  return { ...answer, headers: { ...answer.headers, 'Content-Length': `${sizeOf(answer.body)}` }, body: null }
}
