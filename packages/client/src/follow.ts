import { drop } from './body'
import { scope, within } from './clock'
import { ProblemError } from './errors'
import { httpUrl } from './links'
import { listen } from './listen'
import { adviceOf, pauseAfterAnswer, restAfterFailure, retryAfterOf } from './pacing'
import { isCanceled, passesOrThrow, type Strikes, throwUnlessLost } from './problem'
import { type Reading, readStatus } from './reading'
import type { Sent } from './request'
import { isOver } from './status-document'
import { isDone, type Tracking, take } from './tracking'

/** Streams that bring nothing, so many in a row, are given up for polling. */
const FRUITLESS_STREAMS = 3

/** Jobs that hold a connection, of all clients. */
let holding = 0

/**
 * Follows a job until it is over, and tells of every change. Rejects when the signal aborts or the server says that it will not tell; lost
 * connections and servers that are down are waited for.
 */
export async function follow(job: Tracking, signal: AbortSignal, changed: () => void): Promise<void> {
  const { clock, events, plain, mostHeld } = job.settings
  const strikes: Strikes = { count: 0 }
  let failures = 0
  let asked = job.reading !== undefined // a job that was submitted just now is not asked for at once
  while (!isDone(job)) {
    const holds = holding < mostHeld
    const stream = holds && events && !plain && job.fruitless < FRUITLESS_STREAMS ? job.reading?.document.links.events : undefined
    if (holds) holding++
    try {
      if (asked && !stream)
        await (failures > 0 ? restAfterFailure(job.settings, job.advice, failures, signal) : clock.sleep(pauseOf(job), signal))
      asked = true
      signal.throwIfAborted()
      if (stream) await listen(job, stream, signal, changed)
      else {
        const answered = await poll(job, signal, strikes, holds && failures === 0, changed)
        // After an outage streams may work again that did not before it.
        if (answered && failures > 0 && job.fruitless === FRUITLESS_STREAMS) job.fruitless = 0
        failures = answered ? 0 : failures + 1
      }
    } catch (error) {
      throwUnlessLost(error, signal)
      failures++
      job.advice = undefined
    } finally {
      if (holds) holding--
    }
  }
}

function pauseOf(job: Tracking): number {
  const { pace } = job.settings
  return job.held ? pace.minMs * (1 + pace.random()) : pauseAfterAnswer(job.advice, job.unchanged, pace)
}

/** Asks once. `false`: the server could not tell now. */
function poll(job: Tracking, parent: AbortSignal, strikes: Strikes, mayWait: boolean, changed: () => void): Promise<boolean> {
  const { clock, plain, waitSeconds, requestTimeoutMs } = job.settings
  const headers: Record<string, string> = { accept: 'application/json, */*;q=0.5' }
  // Without an ETag the server could not know what from: what happened since the last answer would be missed until the next change.
  const waits = mayWait && !plain && job.etag !== undefined && waitSeconds > 0
  if (!plain && job.etag !== undefined) headers['if-none-match'] = job.etag
  if (waits) headers.prefer = `wait=${waitSeconds}`
  const begun = clock.now()
  return within(scope([parent], requestTimeoutMs + (waits ? 1_000 * waitSeconds : 0)), async (signal) => {
    const sent = await job.send({ method: 'GET', url: job.url, headers, signal, stopsAtSeeOther: true })
    const reading = await readAnswer(job, sent, strikes)
    signal.throwIfAborted()
    const { response } = sent
    job.advice = retryAfterOf(response.headers, clock.now())
    if (reading === 'later') return false
    strikes.count = 0
    let differs = false
    if (reading !== 'unchanged') {
      differs = take(job, reading)
      job.etag = response.headers.get('etag') ?? undefined
      job.advice = adviceOf(response.headers, reading.document, clock.now())
    }
    job.unchanged = differs ? 0 : job.unchanged + 1
    const applied = waits && /\bwait\b/i.test(response.headers.get('preference-applied') ?? '')
    // A server that says it held the poll and did not is paced like any other.
    job.held = applied && (differs || clock.now() - begun >= 500 * waitSeconds)
    if (differs) changed()
    return true
  })
}

async function readAnswer(job: Tracking, { response, url }: Sent, strikes: Strikes): Promise<Reading | 'unchanged' | 'later'> {
  const { status } = response
  if (status === 304) return 'unchanged'
  if (status === 303) {
    drop(response)
    const result = httpUrl(response.headers.get('location'), url)
    if (!result) throw new ProblemError({ title: 'The result is elsewhere, and the server does not say where.' }, response)
    const known = job.reading?.document
    return { document: { ...known, status: 'succeeded', links: { ...known?.links, result }, raw: known?.raw } }
  }
  if (status >= 200 && status < 300) return withWhatIsKnown(job, await readStatus(response, url, job.settings.words))
  try {
    await passesOrThrow(response, strikes, job.reading?.document.raw === undefined)
    return 'later'
  } catch (error) {
    if (!isCanceled(error)) throw error
    return { document: { ...job.reading?.document, status: 'canceled', error: error.problem, links: {}, raw: error.problem } }
  }
}

/** A pending answer without a body says that it goes on, and nothing against what was said before. */
function withWhatIsKnown({ reading: known }: Tracking, reading: Reading): Reading {
  const { document } = reading
  if (!known || document.raw !== undefined || isOver(document)) return reading
  return { document: { ...known.document, ...document, links: known.document.links, raw: known.document.raw } }
}
