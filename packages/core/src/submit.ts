import { advance, announce, eventsOf } from './advance'
import { Attempt } from './attempt'
import { type Context, isForSweeper, optionsOf, reporter, startBy } from './context'
import { messageOf, type Platform, type Reservation } from './engine'
import { JobsError, type JobsErrorCode } from './errors'
import { type Body, JOB_ID, type Job, type JsonObject } from './job'
import { transition } from './lifecycle'
import type { Operation } from './operation'
import { repair } from './repair'
import { invalid } from './rules'
import { onWorkers } from './settings'
import type { JobWebhook } from './webhook'

/** A job to be made, from a request or by the application. */
export interface Wanted {
  /** The job's id, if its body was stored before it; otherwise a new one is made. */
  readonly id?: string
  readonly owner: string | null
  readonly key?: string
  readonly fingerprint?: string
  readonly meta?: JsonObject
  readonly webhook?: JobWebhook
  readonly delayMs?: number
  readonly request: Job['request']
  readonly requestBody: Body | null
  /** The live request, for an engine that runs the job in this process. */
  readonly live?: unknown
  readonly carry?: JsonObject
  readonly platform?: Platform
  /** Id of the job that this one retries. */
  readonly retryOf?: string
}
export type Refusal = 'draining' | 'queue-full' | 'too-many-jobs' | 'idempotency-key-reused'
type Made = { readonly job: Job; readonly replayed: boolean; readonly refused?: undefined } | { readonly refused: Refusal }

/** Inserts a job and dispatches it, or finds the one made before with the same key. */
export async function submit(context: Context, operation: Operation, wanted: Wanted): Promise<Made> {
  const { engine, store, options: settings } = context
  const delayMs = wanted.delayMs ?? operation.options.delayMs
  const tooMany =
    settings.maxPerOwner !== undefined && wanted.owner !== null && (await isOverLimit(context, wanted.owner, settings.maxPerOwner))
  const reservation = tooMany ? null : engine.reserve?.(delayMs, operation.options.maxRunMs, wanted.platform)
  if (reservation === null) {
    // A repeated request needs no room: its job exists already.
    const holder = wanted.key === undefined ? null : await store.holder?.(wanted.owner, wanted.key)
    return (
      (holder && (await madeBefore(context, operation, wanted, holder))) ?? {
        refused: tooMany ? 'too-many-jobs' : context.draining ? 'draining' : 'queue-full',
      }
    )
  }
  let inserted = false
  try {
    for (let tries = 0; ; tries++) {
      const queued = newJob(context, operation, wanted, delayMs)
      const claimed = reservation?.starts ? transition(queued, startOf(context, operation), queued.createdAt) : null
      // Inserted as running if a slot is free, which saves a write. Nobody has seen it queued, so its revision is still 1.
      const job = claimed ? { ...claimed, revision: 1 } : queued
      const prepared = mayPrepare(context, delayMs) ? await engine.prepare?.(messageOf(job), { delayMs }) : undefined
      const answer = await store.insert(job, eventsOf(context, job, 'insert'), prepared)
      if (answer.inserted) {
        inserted = true
        announce(context, queued, 'insert')
        if (claimed) announce(context, job, 'start')
        if (!prepared) await handOver(context, job, wanted, delayMs, reservation)
        return { job: queued, replayed: false }
      }
      const before = await madeBefore(context, operation, wanted, answer.job)
      if (before) return before
      // Either the job that held the key has just expired, or `newId` returned an id that is taken.
      if (tries === 3) throw new Error('newId() returned the id of another job; it must return a new one each time')
    }
  } finally {
    if (!inserted) reservation?.release()
  }
}

/** The outcome for a repeated request, from the existing job; `undefined` if that has another key, or none any more. */
async function madeBefore(context: Context, operation: Operation, wanted: Wanted, there: Job): Promise<Made | undefined> {
  const { key, owner, fingerprint, platform } = wanted
  if (key === undefined || there.owner !== owner) return undefined
  const current = await repair(context, there, platform)
  if (current?.idempotencyKey !== key) return undefined
  const isRepeat = current.fingerprint === fingerprint && current.operation === operation.name
  return isRepeat ? { job: current, replayed: true } : { refused: 'idempotency-key-reused' }
}

/** The job that was made, for callers without HTTP. @throws {JobsError} `draining`, `queue_full`, `idempotency_conflict` */
export function jobMade(made: Made): Job {
  if (!made.refused) return made.job
  throw new JobsError(REFUSED[made.refused], `The job was refused: ${made.refused}.`)
}
const REFUSED = {
  draining: 'draining',
  'queue-full': 'queue_full',
  'too-many-jobs': 'queue_full',
  'idempotency-key-reused': 'idempotency_conflict',
} as const satisfies Record<Refusal, JobsErrorCode>

export const startOf = (context: Context, operation: Operation) =>
  ({ type: 'start', leaseMs: context.options.leaseMs, maxRunMs: operation.options.maxRunMs }) as const

/** @throws {JobsError} `invalid_option` if the application's `newId` returns an invalid id */
export function newId(context: Context): string {
  const id = context.options.newId()
  if (typeof id === 'string' && JOB_ID.test(id)) return id
  throw invalid(`newId() returned ${JSON.stringify(id)}; it must return 1 to 128 of A-Z a-z 0-9 . _ ~ -`)
}

function newJob(context: Context, operation: Operation, wanted: Wanted, delayMs: number): Job {
  const now = context.now()
  const id = wanted.id ?? newId(context)
  return {
    id,
    version: 1,
    revision: 1,
    operation: operation.name,
    owner: wanted.owner,
    idempotencyKey: wanted.key,
    fingerprint: wanted.fingerprint,
    status: 'queued',
    createdAt: now,
    updatedAt: now,
    scheduledAt: delayMs > 0 ? now + delayMs : undefined,
    dueAt: startBy(context, delayMs, now),
    attempt: 0,
    maxAttempts: operation.options.retries + 1,
    dispatch: 1,
    estimateMs: operation.options.estimateMs,
    meta: wanted.meta,
    webhook: wanted.webhook,
    retryOf: wanted.retryOf,
    request: wanted.request && operation.options.keepRequests === 'never' ? { ...wanted.request, keep: false } : wanted.request,
    response: null,
    requestBody: wanted.requestBody,
    // Later fields are set already, so that all records of a job share one hidden class in V8, which is cheaper.
    startedAt: undefined,
    timeoutAt: undefined,
    finishedAt: undefined,
    expiresAt: undefined,
    percentComplete: undefined,
    error: undefined,
    result: undefined,
    responseBody: undefined,
  }
}

/** Whether the store can write the engine's message in the same commit as the job, so that nothing is lost between the two. */
function mayPrepare(context: Context, delayMs: number): boolean {
  const { transaction } = context.engine.capabilities
  return transaction !== undefined && transaction === context.store.capabilities.transaction && !isForSweeper(context, delayMs)
}

/** Dispatches a stored job. If that fails, a durable store keeps it for the sweeper; otherwise the job is removed. */
async function handOver(
  context: Context,
  job: Job,
  { live, carry, platform }: Wanted,
  delayMs: number,
  reservation: Reservation | undefined,
): Promise<void> {
  if (isForSweeper(context, delayMs)) return reservation?.release()
  const claimed = job.status === 'running' ? job : null
  const local = live === undefined && !claimed ? undefined : { live, claimed, carry }
  // Registered now, so that a cancel reaches the attempt before the engine starts it.
  const attempt = claimed && !onWorkers() ? new Attempt(context, claimed, carry) : undefined
  if (attempt) context.running.set(job.id, attempt)
  const maxRunMs = optionsOf(context, job)?.maxRunMs
  try {
    await context.engine.dispatch(messageOf(job), { delayMs, local, reservation, platform, maxRunMs })
  } catch (error) {
    reservation?.release()
    attempt?.end()
    if (attempt) context.running.delete(job.id)
    if (!context.store.capabilities.durable || !job.request) {
      await context.store.remove(job.id)
      throw error // reported by whoever answers the request
    }
    reporter(context, 'dispatch', job)(error)
    if (claimed) await advance(context, claimed, { type: 'release', attempt: claimed.attempt, dueAt: context.now(), redispatch: true })
  }
}

async function isOverLimit(context: Context, owner: string, limit: number): Promise<boolean> {
  const unfinished = await context.store.list?.({ owner, status: ['queued', 'running'], limit })
  return (unfinished?.jobs.length ?? 0) >= limit
}
