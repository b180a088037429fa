import type { JobMessage } from '@respond-async/core'

/** A message as it lies in the queue. */
export interface QueuedMessage extends JobMessage {
  /** Set where the job starts later than the queue can hold a message back: no sooner than this, in epoch milliseconds. */
  readonly notBefore?: number
}

/** The binding of a Queue, `env.QUEUE`, as far as it is used here. */
export interface JobQueue {
  send(message: JobMessage, options?: { contentType?: 'json'; delaySeconds?: number }): Promise<unknown>
}

/** Longest that a message may be held back: 12 hours. */
const MAX_DELAY_SECONDS = 43_200

export const secondsOf = (delayMs: number): number => Math.min(MAX_DELAY_SECONDS, Math.max(0, Math.ceil(delayMs / 1_000)))

/** Sends a message that is to be delivered at `at`; where that is too far away, it comes back on its way and is sent again. */
export async function sendMessage(queue: JobQueue, { v, id, operation, dispatch }: JobMessage, at: number): Promise<void> {
  const delayMs = at - Date.now()
  const isFar = delayMs > MAX_DELAY_SECONDS * 1_000
  const message: QueuedMessage = { v, id, operation, dispatch, ...(isFar && { notBefore: at }) }
  await queue.send(message, { contentType: 'json', delaySeconds: secondsOf(delayMs) })
}

/** Whether a queue's message is one of ours. */
export function isQueuedMessage(body: unknown): body is QueuedMessage {
  const { v, id, operation, dispatch, notBefore } = Object(body) as Partial<Record<keyof QueuedMessage, unknown>>
  const isMessage = v === 1 && typeof id === 'string' && typeof operation === 'string' && Number.isInteger(dispatch)
  return isMessage && (notBefore === undefined || Number.isFinite(notBefore))
}
