import { type Answer, type JobRequest, type Platform, pathOf, sizeOf } from '@respond-async/core'
import { type DashboardOptions, grantOf, settingsOf } from './access'
import { answerApi } from './api'
import { document } from './document'
import { FILES } from './files'
import type { OperatedJobs } from './operated-jobs'
import { notAllowed, notFound, withSecurity } from './plain-answers'

/** Answers a request under the mount path; `rest` is what of the path follows it, `''` or from its slash on. */
export type DashboardAnswer<Native> = (request: JobRequest, rest: string, native: Native, platform?: Platform) => Promise<Answer>

/**
 * The dashboard without a framework, for whoever writes an adapter. It answers everything under its mount path.
 *
 * @throws {JobsError} `invalid_option` without an access check.
 */
export function createAnswers<Native>(jobs: OperatedJobs, options: DashboardOptions<Native>): DashboardAnswer<Native> {
  const settings = settingsOf(options)
  const answer: DashboardAnswer<Native> = async (request, rest, native, platform) => {
    const grant = grantOf(await settings.access(native))
    // Who may not come in learns nothing, not that there is a door: as for a job of somebody else.
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

/** The page names its files from where it is, whatever a proxy has cut off, so it has to be at a path that ends with a slash. */
function toSlash(url: string): Answer {
  const [path = '', ...query] = pathOf(url).split('?')
  const segment = path.slice(path.lastIndexOf('/') + 1)
  return { status: 307, headers: { Location: `./${segment}/${query.length > 0 ? `?${query.join('?')}` : ''}` }, body: null }
}

function forMethod(method: string, answer: Answer): Answer {
  if (method !== 'HEAD' || typeof answer.body !== 'string') return answer
  return { ...answer, headers: { ...answer.headers, 'Content-Length': `${sizeOf(answer.body)}` }, body: null }
}
