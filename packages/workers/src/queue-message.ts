import type { JobMessage } from '@respond-async/core'

/** A message in the queue. */
export interface QueuedMessage extends JobMessage {
  /** When the job may start, in epoch milliseconds; set if that is later than the queue can delay a message. */
  readonly notBefore?: number
}

/** The part of a Queue binding, `env.QUEUE`, that the engine uses. */
export interface JobQueue {
  send(message: JobMessage, options?: { contentType?: 'json'; delaySeconds?: number }): Promise<unknown>
}

/** Longest delay of a message: 12 hours. */
const MAX_DELAY_SECONDS = 43_200

export const secondsOf = (delayMs: number): number => Math.min(MAX_DELAY_SECONDS, Math.max(0, Math.ceil(delayMs / 1_000)))

/** Sends a message to be delivered at `at`; if that is too far away it is delivered sooner, with `notBefore`, and must be sent again. */
export async function sendMessage(queue: JobQueue, { v, id, operation, dispatch }: JobMessage, at: number): Promise<void> {
  const delayMs = at - Date.now()
  const isFar = delayMs > MAX_DELAY_SECONDS * 1_000
  const message: QueuedMessage = { v, id, operation, dispatch, ...(isFar && { notBefore: at }) }
  await queue.send(message, { contentType: 'json', delaySeconds: secondsOf(delayMs) })
}

/** Whether a message of the queue is a job's. */
export function isQueuedMessage(body: unknown): body is QueuedMessage {
  const { v, id, operation, dispatch, notBefore } = Object(body) as Partial<Record<keyof QueuedMessage, unknown>>
  const isMessage = v === 1 && typeof id === 'string' && typeof operation === 'string' && Number.isInteger(dispatch)
  return isMessage && (notBefore === undefined || Number.isFinite(notBefore))
}
