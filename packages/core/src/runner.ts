import { advance, eventsOf } from './advance'
import { Attempt } from './attempt'
import { REQUEST, readChunks, responseName } from './bodies'
import { type Context, reporter } from './context'
import type { JobMessage, LocalRun, Platform, Runner } from './engine'
import type { Job } from './job'
import { transition } from './lifecycle'
import { ResponseBody } from './live-body'
import { type Operation, unknownOperation } from './operation'
import { post } from './repair'
import { onWorkers } from './settings'
import { type Ended, NOT_OURS, resultTooLarge, settle } from './settle'
import { startOf } from './submit'
import { unrefTimer } from './time'

/** Pause before a message for an operation that this process does not know is tried again, perhaps by one that does. */
const UNKNOWN_OPERATION_MS = 30_000

/** Makes the function that every engine calls to run a job: claim, handler, settlement. */
export function createRunner(context: Context): Runner {
  // On Workers a run ends without a word when its request does, or its object: of none can be said here that it is alive.
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
      reporter(context, 'claim', message)(error) // an engine that only waits for its runs hears of no errors
      throw error
    }
    if (!job) return NOT_OURS

    const attempt = (local?.claimed && context.running.get(job.id)) ?? new Attempt(context, job, local?.carry)
    if (known) context.running.set(job.id, attempt)
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

/** The engine says by its signal that a job is not to go on, so it is looked at now and not with the next heartbeat: what is stored decides. */
function heed(attempt: Attempt, signal: AbortSignal): () => void {
  const interrupt = async () => {
    await attempt.renew()
    if (!attempt.isCanceled && Object(signal.reason).name === 'TimeoutError') attempt.interrupt('timeout')
  }
  signal.addEventListener('abort', interrupt)
  if (signal.aborted) void interrupt()
  return () => signal.removeEventListener('abort', interrupt)
}

/** Takes a queued job for this process. `null`: it is not to be had, or the message is of a hand-over that was never recorded. */
async function claim(context: Context, operation: Operation, message: JobMessage): Promise<Job | null> {
  const start = startOf(context, operation)
  const first = await claimFirst(context, message, start)
  if (first?.claimed) return first.job
  const job = first ? first.job : await context.store.get(message.id, 'full')
  if (!job) return null
  // Of several hand-overs the first to arrive will do: under a backlog longer than the start deadline the last one never would.
  const { done, job: claimed } = await advance(context, job, (current) => (current.dispatch >= message.dispatch ? start : null))
  if (!done) return null
  // After a lost race what was claimed is the head that the store gave back.
  return claimed.request && claimed.requestBody === undefined ? context.store.get(claimed.id, 'full') : claimed
}

/** A job as it is before its first start, as far as the table looks at it. */
const UNTOUCHED = { status: 'queued', version: 1, revision: 1, attempt: 0, updatedAt: 0 } as Job

/**
 * Takes a job in one round trip, where the store can do that: at its first hand-over nobody has changed it, so what the start
 * changes is known without reading it. If somebody has, the answer is what a read would have been.
 */
async function claimFirst(context: Context, message: JobMessage, start: ReturnType<typeof startOf>) {
  if (message.dispatch !== 1 || !context.store.claim) return undefined
  const changes = transition(UNTOUCHED, start, context.now()) as Job // which the table allows
  const answer = await context.store.claim(message.id, UNTOUCHED.version, changes, eventsOf(context, changes, start.type))
  if (answer.claimed && answer.job) context.changes.emit(answer.job)
  return answer
}

/**
 * Where the response body goes once it is large, or takes its time. `undefined`: all of it is gathered, because who else would read
 * it could not see it.
 */
function bodyFor(context: Context, { options }: Operation, attempt: Attempt): ResponseBody | undefined {
  const { blobs, live, store } = context
  if (!blobs && (store.capabilities.shared || !live)) return undefined
  return new ResponseBody(attempt, blobs, () => attempt.id, responseName(attempt.attempt), options.maxResultBytes, resultTooLarge)
}

/** A job that runs for so long is watched for a cancel by another process: one that does not ends before anybody could ask for it. */
const FOLLOWED_AFTER_MS = 1_000

/** Tells a running attempt at once what other processes write, where the store tells it; elsewhere its next renewal does. */
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
    void look() // at what has been written before
  })
  return () => {
    clearTimeout(timer)
    off()
  }
}

/** `async`, so that a synchronous throw is a rejection like any other. */
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

/** The handler's response or throw; or the reason not to wait for it any longer, and then nobody hears what it does later. Never rejects. */
function settledOrCut(handled: ReturnType<typeof execute>, attempt: Attempt): Promise<Ended> {
  return new Promise((resolve) => {
    handled.then(
      (response) => resolve({ kind: 'responded', response }),
      (error) => resolve({ kind: 'threw', error }),
    )
    attempt.onCut((why) => resolve({ kind: 'cut', why }))
  })
}
