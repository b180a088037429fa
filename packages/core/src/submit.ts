import { eventsOf } from './advance'
import type { Context } from './context'
import type { Platform, Reservation } from './engine'
import { JobsError } from './errors'
import { type Body, JOB_ID, type Job, type JsonObject } from './job'
import { transition } from './lifecycle'
import type { Operation } from './operation'
import { repair } from './repair'

/** A job to be made, whoever wants it. */
export interface Wanted {
  readonly owner: string | null
  readonly key?: string
  readonly fingerprint?: string
  readonly meta?: JsonObject
  readonly delayMs?: number
  readonly request: Job['request']
  readonly requestBody: Body | null
  /** The live request, for an engine that runs it here. */
  readonly live?: unknown
  readonly carry?: JsonObject
  readonly platform?: Platform
}
export type Refusal = 'queue-full' | 'too-many-jobs' | 'idempotency-key-reused'
type Made = { readonly job: Job; readonly replayed: boolean; readonly refused?: undefined } | { readonly refused: Refusal }

/** Inserts a job and hands it to the engine, or finds the one that the key already made. */
export async function submit(context: Context, operation: Operation, wanted: Wanted): Promise<Made> {
  const { engine, store, options: settings } = context
  const delayMs = wanted.delayMs ?? operation.options.delayMs
  if (settings.maxPerOwner !== undefined && wanted.owner !== null && (await isOverLimit(context, wanted.owner, settings.maxPerOwner)))
    return { refused: 'too-many-jobs' }
  const reservation = engine.reserve?.(delayMs, operation.options.maxRunMs, wanted.platform)
  if (reservation === null) return { refused: 'queue-full' }
  let inserted = false
  try {
    for (let tries = 0; ; tries++) {
      const queued = newJob(context, operation, wanted, delayMs)
      const claimed = reservation?.starts ? transition(queued, startOf(context, operation), queued.createdAt) : null
      // Inserted as running when a slot is free: one write less. Nobody has seen it queued, so its version is still the first.
      const job = claimed ? { ...claimed, version: 1, revision: 1 } : queued
      const answer = await store.insert(job, eventsOf(context, job, 'insert'))
      if (answer.inserted) {
        inserted = true
        await handOver(context, job, { delayMs, wanted, reservation, claimed: claimed && job })
        return { job: queued, replayed: false }
      }
      const there = answer.job
      const sameKey = wanted.key !== undefined && there.idempotencyKey === wanted.key && there.owner === wanted.owner
      if (sameKey) {
        const current = await repair(context, there, wanted.platform)
        if (current && current.idempotencyKey === wanted.key)
          return current.fingerprint === wanted.fingerprint ? { job: current, replayed: true } : { refused: 'idempotency-key-reused' }
      }
      // Either what held the key has just expired, or `newId` gave an id that is taken.
      if (tries === 3) throw new Error(`newId() gave the id of another job ${tries + 1} times; it must give a new one at every call`)
    }
  } finally {
    if (!inserted) reservation?.release()
  }
}

export const startOf = (context: Context, operation: Operation) =>
  ({ type: 'start', leaseMs: context.options.leaseMs, maxRunMs: operation.options.maxRunMs }) as const

function newJob(context: Context, operation: Operation, wanted: Wanted, delayMs: number): Job {
  const now = context.now()
  const id = context.options.newId()
  if (!JOB_ID.test(id))
    throw new JobsError('invalid_option', `newId() gave ${JSON.stringify(id)}; it must give 1 to 128 of A-Z a-z 0-9 . _ ~ -`)
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
    dueAt: now + delayMs + (delayMs > 0 && !context.engine.capabilities.delay ? 0 : context.options.startDeadlineMs),
    attempt: 0,
    maxAttempts: operation.options.retries + 1,
    dispatch: 1,
    estimateMs: operation.options.estimateMs,
    meta: wanted.meta,
    request: wanted.request,
    response: null,
    requestBody: wanted.requestBody,
  }
}

/** Dispatches a stored job. If that fails, a durable store keeps it for the sweeper; otherwise the job is taken back. */
async function handOver(
  context: Context,
  job: Job,
  how: { delayMs: number; wanted: Wanted; reservation?: Reservation; claimed: Job | null },
): Promise<void> {
  const { delayMs, wanted, reservation, claimed } = how
  if (delayMs > 0 && !context.engine.capabilities.delay) return reservation?.release()
  const message = { v: 1, id: job.id, operation: job.operation, dispatch: job.dispatch } as const
  const local = wanted.live === undefined && !claimed ? undefined : { live: wanted.live, claimed, carry: wanted.carry }
  const { platform } = wanted
  const maxRunMs = context.operations.get(job.operation)?.options.maxRunMs
  try {
    await context.engine.dispatch(message, { delayMs, local, reservation, platform, maxRunMs })
  } catch (error) {
    reservation?.release()
    context.onError(error, { during: 'dispatch', id: job.id, operation: job.operation })
    if (context.store.capabilities.durable && job.request) return
    await context.store.remove(job.id)
    throw error
  }
}

async function isOverLimit(context: Context, owner: string, limit: number): Promise<boolean> {
  const unfinished = await context.store.list?.({ owner, status: ['queued', 'running'], limit })
  return (unfinished?.jobs.length ?? 0) >= limit
}
