import { drop } from './body'
import { ClientError } from './errors'
import { restAfterFailure, retryAfterOf } from './pacing'
import { passesOrThrow, problemOf, type Strikes, throwUnlessLost } from './problem'
import { readStatus } from './reading'
import { inAnswerTime, isDone, type Tracking, take } from './tracking'

/**
 * Asks for a job to end: at its `cancel` link, otherwise with DELETE on its status. Reads the status first where nothing is known of it: a
 * DELETE of a finished job would remove it.
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
      isRequested ||= answered === false // it was taken, without a document to tell of it
    } catch (error) {
      throwUnlessLost(error, signal)
      last = error
    }
    if (isRequested !== wasRequested) continue // the status tells at once what came of it
    if (failures >= job.settings.submitAttempts)
      throw new ClientError('unreachable', 'The cancellation did not come through.', { cause: last })
    await restAfterFailure(job.settings, advice, failures, signal)
  }
}

/** `undefined`: not now. Otherwise whether the answer told how the job is. */
function ask(
  job: Tracking,
  url: string,
  method: string,
  parent: AbortSignal,
  strikes: Strikes,
  advise: (ms: number | undefined) => void = () => {},
): Promise<boolean | undefined> {
  const { clock, words } = job.settings
  return inAnswerTime(job, parent, async (signal) => {
    const { response, url: from } = await job.send({ method, url, headers: { accept: 'application/json' }, signal })
    advise(retryAfterOf(response.headers, clock.now()))
    if (method !== 'GET' && [404, 409, 410].includes(response.status)) {
      // Over already, or gone: the status says which, unless that is gone too.
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
    // An answer to a cancellation without a word on the state is no result.
    if (method !== 'GET' && reading.response) return false
    take(job, reading)
    return true
  })
}
