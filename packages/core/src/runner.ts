import { advance, announce, eventsOf } from './advance'
import { Attempt } from './attempt'
import { REQUEST, readChunks, responseName } from './bodies'
import { type Context, reporter } from './context'
import type { JobMessage, LocalRun, Platform, Runner } from './engine'
import type { Job } from './job'
import { transition } from './lifecycle'
import { ResponseBody } from './live-body'
import { type Operation, unknownOperation } from './operation'
import { post } from './outbox'
import { onWorkers } from './settings'
import { type Ended, NOT_OURS, resultTooLarge, settle } from './settle'
import { startOf } from './submit'
import { unrefTimer } from './time'

/** Pause before a message for an unknown operation is delivered again, in milliseconds, perhaps to a process that knows it. */
const UNKNOWN_OPERATION_MS = 30_000

/** Makes the function that every engine calls to run a job: claim, handler, settlement. */
export function createRunner(context: Context): Runner {
  // On Workers a run ends silently with its request or its object, so none is known here to be alive.
  const known = !onWorkers()
  return async (message, { local, platform, signal, onChange }) => {
    const operation = context.operations.get(message.operation)
    if (!operation) {
      const head = await context.store.get(message.id, 'head')
      if (head?.status !== 'queued' || head.dispatch > message.dispatch) return NOT_OURS
      reporter(context, 'run', message)(unknownOperation(message.operation))
      return { kind: 'retry', delayMs: UNKNOWN_OPERATION_MS }
    }
    let job = local?.claimed
    try {
      job ??= await claim(context, operation, message)
    } catch (error) {
      reporter(context, 'claim', message)(error) // engines may ignore the error of a run
      throw error
    }
    if (!job) return NOT_OURS

    const attempt = (local?.claimed && context.running.get(job.id)) ?? new Attempt(context, job, local?.carry)
    if (known) context.running.set(job.id, attempt)
    if (!local && !job.request) {
      attempt.hasBegun = true // lost: it was to run on a live request, and none was stored (decision 007)
      attempt.interrupt('drained')
    }
    const ignore = signal && heed(attempt, signal)
    const off = onChange?.((change) => attempt.hear(change)) ?? follow(context, attempt)
    attempt.body = bodyFor(context, operation, attempt)
    try {
      const why = attempt.cut
      const ended: Ended = why ? { kind: 'cut', why } : await settledOrCut(execute(context, operation, attempt, local, platform), attempt)
      if (ended.kind === 'cut') {
        attempt.body?.close()
        attempt.abandon?.()
      }
      const outcome = await settle(context, operation, attempt, ended)
      await post(context, attempt.job, undefined)
      return outcome
    } finally {
      ignore?.()
      off?.()
      attempt.body?.close()
      attempt.end()
      context.running.delete(attempt.id, attempt)
    }
  }
}

/** Watches the engine's signal. When it aborts, the job is read at once and not at the next heartbeat; the stored record decides. */
function heed(attempt: Attempt, signal: AbortSignal): () => void {
  const interrupt = async () => {
    await attempt.renew()
    if (!attempt.isCanceled && Object(signal.reason).name === 'TimeoutError') attempt.interrupt('timeout')
  }
  signal.addEventListener('abort', interrupt)
  if (signal.aborted) void interrupt()
  return () => signal.removeEventListener('abort', interrupt)
}

/** Claims a queued job for this process. `null`: it cannot be claimed, or the message's dispatch was never recorded. */
async function claim(context: Context, operation: Operation, message: JobMessage): Promise<Job | null> {
  const start = startOf(context, operation)
  const first = await claimFirst(context, message, start)
  if (first?.claimed) return first.job
  const job = first ? first.job : await context.store.get(message.id, 'full')
  if (!job) return null
  // The first message to arrive may claim the job, not only the last one sent: with a backlog longer than the start deadline, the last
  // one would always be too far back in the queue.
  const { done, job: claimed } = await advance(context, job, (current) => (current.dispatch >= message.dispatch ? start : null))
  if (!done) return null
  // After a lost race the claimed job is only the head that the store returned.
  return claimed.request && claimed.requestBody === undefined ? context.store.get(claimed.id, 'full') : claimed
}

/** A job before its first start, as far as the table looks at it. */
const UNTOUCHED = { status: 'queued', version: 1, revision: 1, attempt: 0, updatedAt: 0 } as Job

/**
 * Claims a job in one round trip, if the store can: at its first dispatch a job is unchanged, so what `start` changes is known without
 * reading it. If it has changed, the store returns it as a read would.
 */
async function claimFirst(context: Context, message: JobMessage, start: ReturnType<typeof startOf>) {
  if (message.dispatch !== 1 || !context.store.claim) return undefined
  const changes = transition(UNTOUCHED, start, context.now()) as Job // which the table allows
  const answer = await context.store.claim(message.id, UNTOUCHED.version, changes, eventsOf(context, changes, start.type))
  if (answer.claimed && answer.job) {
    context.changes.emit(answer.job)
    announce(context, answer.job, start.type)
  }
  return answer
}

/**
 * The sink for a response body that is large or takes a while. `undefined`: the whole body is gathered, because no other reader could
 * see the chunks.
 */
function bodyFor(context: Context, { options }: Operation, attempt: Attempt): ResponseBody | undefined {
  const { blobs, live, store } = context
  if (!blobs && (store.capabilities.shared || !live)) return undefined
  return new ResponseBody(attempt, blobs, () => attempt.id, responseName(attempt.attempt), options.maxResultBytes, resultTooLarge)
}

/** How long a job runs before it is watched for a cancel by another process, in milliseconds: most end before anybody asks. */
const FOLLOWED_AFTER_MS = 1_000

/** Tells an attempt at once what other processes write to its job, if the store can notify; otherwise the next renewal does. */
function follow(context: Context, attempt: Attempt): (() => void) | undefined {
  const { changes, store } = context
  if (changes.complete || !changes.watched) return undefined
  const { id } = attempt
  const look = async () => {
    try {
      attempt.hear(await store.get(id, 'head'))
    } catch (error) {
      attempt.tell(error, 'watch')
    }
  }
  let off = () => {}
  const timer = unrefTimer(FOLLOWED_AFTER_MS, () => {
    off = changes.on(id, (job) => job ?? look())
    void look() // it may have changed before the watch began
  })
  return () => {
    clearTimeout(timer)
    off()
  }
}

/** Calls the handler. `async`, so that a synchronous throw becomes a rejection. */
async function execute(
  context: Context,
  operation: Operation,
  attempt: Attempt,
  local: LocalRun | undefined,
  platform: Platform | undefined,
) {
  const { id, request, requestBody: whole = null } = attempt.job
  const requestBody = request?.chunkBytes === undefined ? whole : readChunks(context.blobs, id, REQUEST, request)
  const { maxResultBytes } = operation.options
  const onCut = (listener: () => void) => {
    attempt.abandon = listener
  }
  const { body: sink } = attempt
  const live = local?.live
  attempt.hasBegun = true
  const response = await operation.execute({ handle: attempt, live, request, requestBody, sink, platform, onCut, maxResultBytes })
  const ended = sink?.end()
  if (ended) await ended
  return response
}

/** Resolves to how the attempt ended: the handler's response or error, or a cut that came first. What comes later is ignored. */
function settledOrCut(handled: ReturnType<typeof execute>, attempt: Attempt): Promise<Ended> {
  return new Promise((resolve) => {
    handled.then(
      (response) => resolve({ kind: 'responded', response }),
      (error) => resolve({ kind: 'threw', error }),
    )
    attempt.onCut((why) => resolve({ kind: 'cut', why }))
  })
}
