import { advance } from './advance'
import { Attempt } from './attempt'
import type { Context } from './context'
import type { JobMessage, LocalRun, Platform, Runner } from './engine'
import { JobsError } from './errors'
import type { Job } from './job'
import type { Operation } from './operation'
import { onWorkers } from './settings'
import { type Ended, settle } from './settle'
import { startOf } from './submit'

/** Pause before a message for an operation that this process does not know is tried again, perhaps by one that does. */
const UNKNOWN_OPERATION_MS = 30_000

/** Makes the function that every engine calls to run a job: claim, handler, settlement. */
export function createRunner(context: Context): Runner {
  // On Workers a run ends without a word when its request does, or its object: of none can be said here that it is alive.
  const known = !onWorkers()
  return async (message, { local, platform, signal, onChange }) => {
    const operation = context.operations.get(message.operation)
    if (!operation) {
      const hint = `No handler is registered for operation "${message.operation}": import the module with its respondAsync() in this process.`
      context.onError(new JobsError('unknown_operation', hint), { during: 'run', id: message.id, operation: message.operation })
      return { kind: 'retry', delayMs: UNKNOWN_OPERATION_MS }
    }
    const job = local?.claimed ?? (await claim(context, operation, message))
    if (!job) return { kind: 'skip', why: 'the job is over, another worker has it, or it was handed over again' }

    const attempt = new Attempt(context, job, local?.carry)
    if (known) context.running.set(job.id, attempt)
    const interrupt = () => attempt.interrupt('timeout')
    signal?.addEventListener('abort', interrupt)
    const off = onChange?.((change) => attempt.hear(change))
    try {
      return await settle(context, operation, attempt, await settledOrCut(execute(operation, attempt, local, platform), attempt))
    } finally {
      signal?.removeEventListener('abort', interrupt)
      off?.()
      attempt.end()
      if (context.running.get(job.id) === attempt) context.running.delete(job.id)
    }
  }
}

/** Takes a queued job for this process. `null`: it is not to be had, or the message is of an earlier hand-over. */
async function claim(context: Context, operation: Operation, message: JobMessage): Promise<Job | null> {
  const job = await context.store.get(message.id, 'full')
  if (!job) return null
  const start = startOf(context, operation)
  const { done, job: claimed } = await advance(context, job, (current) => (current.dispatch === message.dispatch ? start : null))
  if (!done) return null
  // After a lost race what was claimed is the head that the store gave back.
  return claimed.request && claimed.requestBody === undefined ? context.store.get(claimed.id, 'full') : claimed
}

/** `async`, so that a synchronous throw is a rejection like any other. */
async function execute(operation: Operation, attempt: Attempt, local: LocalRun | undefined, platform: Platform | undefined) {
  const { request, requestBody = null } = attempt.job
  const { maxResultBytes } = operation.options
  return operation.execute({ handle: attempt, live: local?.live, request, requestBody, platform, maxResultBytes })
}

/** The handler's response or throw; or the reason not to wait for it any longer, and then nobody hears what it does later. Never rejects. */
function settledOrCut(handled: ReturnType<typeof execute>, attempt: Attempt): Promise<Ended> {
  return new Promise((resolve) => {
    handled.then(
      (response) => resolve({ kind: 'responded', response }),
      (error) => resolve({ kind: 'threw', error }),
    )
    attempt.cut.then((why) => resolve({ kind: 'cut', why }))
  })
}
