import type { JobEvent } from '@respond-async/core'
import type { Detail } from '../rows'

export interface AttemptLine {
  readonly attempt: number
  readonly startedAt: number
  readonly endedAt?: number
  /** How it ended; `undefined`: it has not. */
  readonly end?: string
  readonly code?: string
}

/** What an event of the history is called. Those of later versions go by their own name. */
const NAMES: Readonly<Partial<Record<string, string>>> = {
  insert: 'accepted',
  start: 'started',
  progress: 'progress',
  renew: 'lease renewed',
  requestCancel: 'asked to stop',
  release: 'released for another attempt',
  redispatch: 'handed to the engine again',
  succeed: 'succeeded',
  fail: 'failed',
  cancel: 'canceled',
}
export const nameOf = ({ type }: JobEvent): string => NAMES[type] ?? type

const ENDS = ['succeed', 'fail', 'cancel', 'release']

/** The attempts, read off the history where there is one; otherwise the last is known, and no more. */
export function attemptsOf(job: Detail, events: readonly JobEvent[]): AttemptLine[] {
  const lines = new Map<number, AttemptLine>()
  for (const { attempt, at, type, status, code } of events) {
    const there = lines.get(attempt)
    // A job for which there was room is inserted as running.
    if (type === 'start' || (type === 'insert' && status === 'running')) lines.set(attempt, { attempt, startedAt: at })
    else if (there && ENDS.includes(type))
      lines.set(attempt, { ...there, endedAt: at, end: type === 'release' ? 'will be retried' : status, code })
  }
  const { attempt, startedAt, finishedAt, status, code } = job
  if (attempt > 0 && startedAt !== undefined && !lines.has(attempt))
    lines.set(attempt, { attempt, startedAt, endedAt: finishedAt, end: finishedAt === undefined ? undefined : status, code })
  return [...lines.values()].sort((a, b) => a.attempt - b.attempt)
}
