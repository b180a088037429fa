import { drop } from './body'
import { ClientError } from './errors'
import { readAnswer } from './follow'
import { restAfterFailure, retryAfterOf } from './pacing'
import { type Strikes, throwUnlessLost } from './problem'
import { inAnswerTime, isDone, type Tracking, take } from './tracking'

/**
 * Cancels a job, at its `cancel` link or by DELETE of its status URL. Reads the status first if it is not known yet: DELETE would purge a
 * finished job.
 */
export async function requestCancel(job: Tracking, signal: AbortSignal): Promise<void> {
  const tries: Tries = { count: 0, advice: undefined }
  let isRequested = false
  let last: unknown
  for (let failures = 1; ; failures++) {
    tries.advice = undefined
    try {
      if (job.reading?.document.raw === undefined || isRequested) {
        await ask(job, job.url, 'GET', signal, tries)
        if (isRequested || isDone(job)) return
      }
      const link = job.reading?.document.links.cancel
      if (await ask(job, link ?? job.url, link ? 'POST' : 'DELETE', signal, tries)) return
      isRequested = true // accepted, but without a status document, which is read at once
      continue
    } catch (error) {
      throwUnlessLost(error, signal)
      last = error
    }
    if (failures >= job.settings.submitAttempts)
      throw new ClientError('unreachable', 'The cancel did not reach the server.', { cause: last })
    await restAfterFailure(job.settings, tries.advice, failures, signal)
  }
}

/** Counts errors, and has the pause that the last one advised, in milliseconds. */
interface Tries extends Strikes {
  advice: number | undefined
}

/** Sends a request. Resolves to whether the answer had the job's status. */
function ask(job: Tracking, url: string, method: string, parent: AbortSignal, tries: Tries): Promise<boolean> {
  const { clock, plain } = job.settings
  return inAnswerTime(job, parent, async (signal) => {
    const isRead = method === 'GET'
    // Guards against forged forms refuse a POST without a media type, as a page of another origin could send it.
    const body = method === 'POST' && !plain ? '{}' : null
    const headers = { accept: 'application/json', ...(body && { 'content-type': 'application/json' }) }
    const sent = await job.send({ method, url, headers, body, signal, stopsAt303: isRead })
    const { response } = sent
    // Without a document, or too late: the status tells.
    if (!isRead && [204, 409].includes(response.status)) {
      drop(response)
      return false
    }
    if (!response.ok) tries.advice = retryAfterOf(response.headers, clock.now())
    const reading = await readAnswer(job, sent, tries)
    if (typeof reading === 'string') throw new Error(`The server answered ${response.status}.`)
    // The answer to a cancel is never the result, even if it tells no state.
    if (!isRead && reading.response) return false
    take(job, reading)
    return true
  })
}
