import { scope, within } from './clock'
import { ClientError, ProblemError } from './errors'
import { made, must, type Settings } from './options'
import { restAfterFailure, retryAfterOf } from './pacing'
import { passesOrThrow, problemOf, type Strikes, throwUnlessLost } from './problem'
import { readSubmission, type Submission } from './reading'
import type { Send } from './request'
import type { Packed } from './submission'

/**
 * Sends a submission until it is answered. All tries have the same `Idempotency-Key`, so that a server that supports it makes only one
 * job. A request that cannot be repeated is sent once.
 */
export async function submitRequest(
  settings: Settings,
  send: Send,
  url: string,
  packed: Packed,
  key: string | false | undefined,
  whole: AbortSignal,
): Promise<Submission> {
  const { clock, plain, requestTimeoutMs, submitAttempts, words } = settings
  const { method, body, isRepeatable } = packed
  const isSafe = method === 'GET' || method === 'HEAD'
  const headers: Record<string, string> = Object.fromEntries([...packed.headers].filter(([name]) => OWN_FIELDS.includes(name)))
  must('idempotencyKey', !key || typeof key === 'string', 'a string or false')
  if (!plain) headers.prefer ??= 'respond-async'
  if (!plain && !isSafe && isRepeatable && key !== false) headers['idempotency-key'] ??= key ?? crypto.randomUUID()
  const mayRepeat = isRepeatable && (isSafe || headers['idempotency-key'] !== undefined)
  // Refuses an invalid request, for which `fetch` throws the same error as for a lost connection.
  made(() => new Request(url, { method, headers, body: body === null ? null : '' }))
  const strikes: Strikes = { count: 0 }
  for (let attempt = 1; ; attempt++) {
    let advice: number | undefined
    let last: unknown
    // No time limit for uploads.
    const limit = scope([whole], body === null || typeof body === 'string' ? requestTimeoutMs : undefined)
    try {
      const answer = await within(limit, async (signal) => {
        const sent = await send({ method, url, headers, body, signal })
        limit.abortIn(requestTimeoutMs)
        const { response } = sent
        if (response.status < 400) return readSubmission(response, sent.url, words)
        advice = retryAfterOf(response.headers, clock.now())
        const error = await problemOf(response)
        // 409 after a lost answer: the server is still processing the first try.
        const isPending = attempt > 1 && headers['idempotency-key'] !== undefined && error.code === 'http-409'
        if (!isPending) {
          if (!mayRepeat || attempt >= submitAttempts || response.status === 500) throw error
          await passesOrThrow(error.response ?? response, strikes, false)
        }
        return error
      })
      if (!(answer instanceof ProblemError)) return answer
      last = answer
    } catch (error) {
      throwUnlessLost(error, whole)
      last = error
    }
    if (!mayRepeat || attempt >= submitAttempts)
      throw new ClientError('unreachable', `${method} ${url} was not answered${attempt > 1 ? `, tried ${attempt} times` : ''}.`, {
        cause: last,
      })
    await restAfterFailure(settings, advice, attempt, whole)
  }
}

/** Header fields for the submission only. All others may be credentials and are sent with every request for the job, see `Credentials`. */
export const OWN_FIELDS = ['content-type', 'content-encoding', 'content-language', 'content-length', 'idempotency-key', 'prefer', 'accept']
