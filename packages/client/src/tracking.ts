import { type Deadline, scope, within } from './clock'
import { isFields } from './json'
import type { Settings } from './options'
import type { Reading } from './reading'
import type { Send } from './request'
import { isOver } from './status-document'

/** Settings and deadline for one job. */
export interface Task {
  /** With a clock whose `sleep` does not go past the deadline. */
  readonly settings: Settings
  readonly deadline: Deadline
}

/** State of following a job. Written by the one loop that follows it. */
export interface Tracking extends Task {
  readonly send: Send
  /** The status URL; empty if the server answered with the result at once. */
  readonly url: string
  /** The latest status; `undefined` before the first. */
  reading: Reading | undefined
  etag?: string | undefined
  /** Pause that the last answer advised, in milliseconds. */
  advice: number | undefined
  /** Unchanged answers in a row. */
  unchanged: number
  /** Whether the last poll was held until something changed: the next one may follow at once. */
  held: boolean
  /** Event streams in a row that brought nothing. */
  fruitless: number
  lastEventId?: string | undefined
}

export const tracking = (task: Task, send: Send, url: string, reading?: Reading, advice?: number): Tracking => ({
  ...{ ...task, send, url, reading, advice },
  ...{ unchanged: 0, held: false, fruitless: 0 },
})

/** Runs work on one response within `requestTimeoutMs`. */
export const inAnswerTime = <T>({ settings }: Task, parent: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> =>
  within(scope([parent], settings.requestTimeoutMs), work)

/** Whether the job is known to be over. */
export const isDone = ({ reading }: Pick<Tracking, 'reading'>): boolean => reading !== undefined && isOver(reading.document)

/** Takes in a status; returns whether it differs from the one before. Ignored once the job is over: an older one may arrive late. */
export function take(job: Tracking, reading: Reading): boolean {
  if (isDone(job)) return false
  const differs = job.reading === undefined || visible(job.reading) !== visible(reading)
  if (differs) job.reading = reading
  return differs
}

/** A status as text for comparison: with `raw`, which has what other servers send, but without `retryAfterMs`. */
const visible = ({ document: { retryAfterMs: _, raw, ...rest } }: Reading): string =>
  JSON.stringify([rest, isFields(raw) ? { ...raw, retryAfterMs: undefined } : raw])
