import { createParser } from 'eventsource-parser'
import { drop } from './body'
import { orAborted, scope } from './clock'
import { restAfterFailure } from './pacing'
import { readEvent } from './reading'
import { isDone, type Tracking, take } from './tracking'

/** How long a stream may be silent before it counts as lost, in milliseconds: servers send a comment every 15 seconds. */
const SILENCE_MS = 45_000
/** Largest event, in characters. */
const LARGEST_EVENT = 4_194_304

/**
 * Follows a job by server-sent events until the stream ends. Rejects only with the signal's reason: whatever fails here can be replaced by
 * polling.
 */
export async function listen(job: Tracking, url: string, parent: AbortSignal, changed: () => void): Promise<void> {
  const { pace, requestTimeoutMs, words } = job.settings
  const limit = scope([parent], requestTimeoutMs)
  let retryMs: number | undefined
  let fruitful = false
  let refused = false
  try {
    const { signal } = limit
    const headers: Record<string, string> = { accept: 'text/event-stream' }
    if (job.lastEventId !== undefined) headers['last-event-id'] = job.lastEventId
    const { response, url: from } = await orAborted(job.send({ method: 'GET', url, headers, signal }), signal)
    const isStream = response.status === 200 && /^text\/event-stream\b/i.test(response.headers.get('content-type') ?? '')
    if (!isStream || !response.body) {
      // 204: the job is over, as a poll will tell. 429 and 5xx are temporary, everything else is final.
      refused = response.status < 500 && response.status !== 429
      drop(response)
      throw new Error() // as if the connection were lost
    }
    const parser = createParser({
      maxBufferSize: LARGEST_EVENT,
      onRetry: (ms) => {
        retryMs = ms
      },
      onEvent: ({ data, id }) => {
        if (parent.aborted) return
        const reading = readEvent(data, from, words)
        if (!reading) return
        fruitful = true
        if (id !== undefined) job.lastEventId = id
        job.etag = undefined // was that of an older document
        if (take(job, reading)) changed()
      },
      onError: (error) => {
        if (error.type === 'max-buffer-size-exceeded') limit.abort(error)
      },
    })
    const reader = response.body.getReader()
    const decoder = new TextDecoder()
    try {
      for (;;) {
        limit.abortIn(SILENCE_MS)
        const { done, value } = await orAborted(reader.read(), signal)
        if (done) break
        parser.feed(decoder.decode(value, { stream: true }))
        if (isDone(job)) break
      }
    } finally {
      reader.cancel().catch(() => {}) // the job is over, or has no followers any more
    }
  } catch {
    parent.throwIfAborted() // otherwise the connection was lost
  } finally {
    limit.end()
    // A stream that was left early does not count.
    job.fruitless = refused ? Number.POSITIVE_INFINITY : fruitful ? 0 : job.fruitless + (parent.aborted ? 0 : 1)
  }
  if (refused || isDone(job)) return
  await restAfterFailure(job.settings, Math.min(retryMs ?? 0, pace.maxMs), job.fruitless, parent)
}
