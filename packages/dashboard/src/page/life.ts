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

/** Names of the events in the history. Events of later versions are shown by their type. */
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

/** The attempts, from the history; without a history only the last one is known. */
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
