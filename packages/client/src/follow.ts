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

/** After this many event streams in a row that brought nothing, the job is polled. */
const FRUITLESS_STREAMS = 3

/** Number of jobs that hold a connection, of all clients. */
let holding = 0

/**
 * Follows a job until it is over; calls `changed` at every change. Rejects if the signal aborts or the server refuses; waits for lost
 * connections and servers that are down.
 */
export async function follow(job: Tracking, signal: AbortSignal, changed: () => void): Promise<void> {
  const { clock, events, plain, mostHeld } = job.settings
  const strikes: Strikes = { count: 0 }
  let failures = 0
  let asked = job.reading !== undefined // a job that was just submitted is not polled at once
  while (!isDone(job)) {
    const holds = holding < mostHeld
    const stream = holds && events && !plain && job.fruitless < FRUITLESS_STREAMS ? job.reading?.document.links.events : undefined
    if (holds) holding++
    try {
      if (asked && !stream)
        await (failures > 0 ? restAfterFailure(job.settings, job.advice, failures, signal) : clock.sleep(pauseOf(job), signal))
      asked = true
      if (stream) await listen(job, stream, signal, changed)
      else {
        const answered = await poll(job, signal, strikes, holds && failures === 0, changed)
        // After an outage event streams get another chance.
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

/** Polls once. `false`: the server cannot answer now. */
function poll(job: Tracking, parent: AbortSignal, strikes: Strikes, mayWait: boolean, changed: () => void): Promise<boolean> {
  const { clock, plain, waitSeconds, requestTimeoutMs } = job.settings
  const headers: Record<string, string> = { accept: 'application/json, */*;q=0.5' }
  // Not without an ETag: the server would wait for the next change, and miss one since the last answer.
  const etag = plain ? undefined : job.etag
  const waits = mayWait && etag !== undefined && waitSeconds > 0
  if (etag !== undefined) headers['if-none-match'] = etag
  if (waits) headers.prefer = `wait=${waitSeconds}`
  const begun = clock.now()
  return within(scope([parent], requestTimeoutMs + (waits ? 1_000 * waitSeconds : 0)), async (signal) => {
    const sent = await job.send({ method: 'GET', url: job.url, headers, signal, stopsAt303: true })
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
    // A server that claims to have held the poll but did not is paced like any other.
    job.held = applied && (differs || clock.now() - begun >= 500 * waitSeconds)
    if (differs) changed()
    return true
  })
}

export async function readAnswer(job: Tracking, { response, url }: Sent, strikes: Strikes): Promise<Reading | 'unchanged' | 'later'> {
  const { status } = response
  if (status === 304) return 'unchanged'
  if (status === 303) {
    drop(response)
    const result = httpUrl(response.headers.get('location'), url)
    if (!result) throw new ProblemError({ title: 'The server does not say where the result is.' }, response)
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

/** A pending answer without a body leaves what is known of the job unchanged. */
function withWhatIsKnown({ reading: known }: Tracking, reading: Reading): Reading {
  const { document } = reading
  if (!known || document.raw !== undefined || isOver(document)) return reading
  return { document: { ...known.document, ...document, links: known.document.links, raw: known.document.raw } }
}
