import { type Deadline, scope, within } from './clock'
import { isFields } from './json'
import type { Settings } from './options'
import type { Reading } from './reading'
import type { Send } from './request'
import { isOver } from './status-document'

/** What holds for all that is done for one job. */
export interface Task {
  /** Nothing sleeps past the deadline on this clock. */
  readonly settings: Settings
  readonly deadline: Deadline
}

/** What is known of a job, and how to ask for more. The loop that follows it writes here, one at a time. */
export interface Tracking extends Task {
  readonly send: Send
  /** The status URL; empty for what was answered at once. */
  readonly url: string
  /** `undefined` until something has been heard. */
  reading: Reading | undefined
  etag: string | undefined
  /** What the last answer advised, in milliseconds. */
  advice: number | undefined
  /** Answers in a row that brought nothing new. */
  unchanged: number
  /** The last answer had been held until something changed: the next question may follow at once. */
  held: boolean
  /** Streams of events in a row that brought nothing. */
  fruitless: number
  lastEventId: string | undefined
}

export const tracking = (task: Task, send: Send, url: string, reading?: Reading, advice?: number): Tracking => ({
  ...{ ...task, send, url, reading, advice },
  ...{ etag: undefined, unchanged: 0, held: false, fruitless: 0, lastEventId: undefined },
})

/** Works on one answer, for as long as one may take. */
export const inAnswerTime = <T>({ settings }: Task, parent: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> =>
  within(scope([parent], settings.requestTimeoutMs), work)

/** Whether it is known how the job has ended. */
export const isDone = ({ reading }: Pick<Tracking, 'reading'>): boolean => reading !== undefined && isOver(reading.document)

/** Takes what was read; whether it differs from what was known. The end stays: an answer from before it may come late. */
export function take(job: Tracking, reading: Reading): boolean {
  if (isDone(job)) return false
  const differs = job.reading === undefined || visible(job.reading) !== visible(reading)
  if (differs || reading.response) job.reading = reading
  return differs
}

/** Advice changes while the job does not; what another server says in words of its own is in `raw`. */
const visible = ({ document: { retryAfterMs: _, raw, ...rest } }: Reading): string =>
  JSON.stringify([rest, isFields(raw) ? { ...raw, retryAfterMs: undefined } : raw])
