import { drop } from './body'
import { ClientError } from './errors'
import { restAfterFailure, retryAfterOf } from './pacing'
import { passesOrThrow, problemOf, type Strikes, throwUnlessLost } from './problem'
import { readStatus } from './reading'
import { inAnswerTime, isDone, type Tracking, take } from './tracking'

/**
 * Cancels a job, at its `cancel` link or by DELETE of its status URL. Reads the status first if it is not known yet: DELETE would purge a
 * finished job.
 */
export async function requestCancel(job: Tracking, signal: AbortSignal): Promise<void> {
  const strikes: Strikes = { count: 0 }
  let isRequested = false
  let last: unknown
  for (let failures = 1; ; failures++) {
    let advice: number | undefined
    const wasRequested: boolean = isRequested
    try {
      if (job.reading?.document.raw === undefined || isRequested) {
        const answered = await ask(job, job.url, 'GET', signal, strikes)
        if (answered === undefined) throw new Error('The status cannot be read now.')
        if (isRequested || isDone(job)) return
      }
      const link = job.reading?.document.links.cancel
      const answered = await ask(job, link ?? job.url, link ? 'POST' : 'DELETE', signal, strikes, (ms) => {
        advice = ms
      })
      if (answered) return
      isRequested ||= answered === false // accepted, but without a status document
    } catch (error) {
      throwUnlessLost(error, signal)
      last = error
    }
    if (isRequested !== wasRequested) continue // reads the status at once
    if (failures >= job.settings.submitAttempts)
      throw new ClientError('unreachable', 'The cancel did not reach the server.', { cause: last })
    await restAfterFailure(job.settings, advice, failures, signal)
  }
}

/** Sends a request. Resolves to whether the answer had the job's status; `undefined`: try again later. */
function ask(
  job: Tracking,
  url: string,
  method: string,
  parent: AbortSignal,
  strikes: Strikes,
  advise: (ms: number | undefined) => void = () => {},
): Promise<boolean | undefined> {
  const { clock, plain, words } = job.settings
  return inAnswerTime(job, parent, async (signal) => {
    // Guards against forged forms refuse a POST without a media type, as a page of another origin could send it.
    const body = method === 'POST' && !plain ? '{}' : null
    const headers = { accept: 'application/json', ...(body && { 'content-type': 'application/json' }) }
    const { response, url: from } = await job.send({ method, url, headers, body, signal })
    advise(retryAfterOf(response.headers, clock.now()))
    if (method !== 'GET' && [404, 409, 410].includes(response.status)) {
      // The job is over or gone: the status tells which, unless that is gone too.
      const error = await problemOf(response)
      if (response.status === 409) return false
      throw error
    }
    if (!response.ok) {
      await passesOrThrow(response, strikes, false)
      return undefined
    }
    if (response.status === 204) {
      drop(response)
      return false
    }
    const reading = await readStatus(response, from, words)
    // The answer to a cancel is never the result, even if it tells no state.
    if (method !== 'GET' && reading.response) return false
    take(job, reading)
    return true
  })
}
