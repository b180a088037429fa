import { orAborted, scope, timedOut } from './clock'
import { ClientError, ProblemError } from './errors'
import type { Settings } from './options'
import { pauseAfterFailure, retryAfterOf } from './pacing'
import { passesOrThrow, problemOf, type Strikes } from './problem'
import type { Send, Sent } from './request'
import type { Packed } from './submission'

/**
 * Sends a submission until it is answered. Each try carries the same `Idempotency-Key`, so that a server that keeps keys makes one job of
 * them all; what cannot be sent again is sent once.
 */
export async function submitRequest(
  { clock, pace, plain, requestTimeoutMs, submitAttempts, timeoutMs }: Settings,
  send: Send,
  url: string,
  packed: Packed,
  key: string | false | undefined,
  given: AbortSignal | null | undefined,
): Promise<Sent> {
  const { method, body, isRepeatable } = packed
  const isSafe = method === 'GET' || method === 'HEAD'
  const own: Record<string, string> = {}
  for (const [name, value] of packed.headers) own[name] = value
  const headers = Object.fromEntries(Object.entries(own).filter(([name]) => OWN_FIELDS.includes(name)))
  if (!plain) headers.prefer ??= 'respond-async'
  if (!plain && !isSafe && isRepeatable && key !== false) headers['idempotency-key'] ??= key ?? crypto.randomUUID()
  const mayRepeat = isRepeatable && (isSafe || headers['idempotency-key'] !== undefined)
  const whole = scope([given], timeoutMs, () => timedOut(timeoutMs ?? 0))
  const strikes: Strikes = { count: 0 }
  try {
    for (let attempt = 1; ; attempt++) {
      let advice: number | undefined
      let last: unknown
      // The time is for the connection to be made and answered: a large upload takes as long as it takes.
      const limit = scope(
        [whole.signal],
        body === null || typeof body === 'string' ? requestTimeoutMs : undefined,
        () => new Error('No answer came in time.'),
      )
      try {
        const sent = await orAborted(send({ method, url, headers, body, signal: limit.signal }), limit.signal)
        const { response } = sent
        if (response.status < 400) return sent
        advice = retryAfterOf(response.headers, clock.now())
        const error = await problemOf(response)
        // 409 after a lost answer: the first try is still being taken.
        const isPending = response.status === 409 && attempt > 1 && headers['idempotency-key'] !== undefined && error.code === 'http-409'
        if (!isPending) {
          if (!mayRepeat || attempt >= submitAttempts || response.status === 500 || response.status === 404) throw error
          await passesOrThrow(error.response ?? response, strikes, false)
        }
        last = error
      } catch (error) {
        whole.signal.throwIfAborted()
        if (error instanceof ProblemError || error instanceof ClientError) throw error
        last = error
      } finally {
        limit.end()
      }
      if (!mayRepeat || attempt >= submitAttempts)
        throw new ClientError('unreachable', `${method} ${url} was not answered${attempt > 1 ? `, tried ${attempt} times` : ''}.`, {
          cause: last,
        })
      await orAborted(clock.sleep(pauseAfterFailure(advice, attempt, pace), whole.signal), whole.signal)
    }
  } finally {
    whole.end()
  }
}

/** Fields of the submission alone. All others may be credentials and go with every request for the job, see `Credentials`. */
export const OWN_FIELDS = ['content-type', 'content-encoding', 'content-language', 'content-length', 'idempotency-key', 'prefer', 'accept']
