import type { Place } from '@respond-async/core/store'
import type { jobIndex } from './object-index'
import { type JobNamespace, jobName, jobOf, objectOf, rowOf } from './object-protocol'

/** How many rows one alarm looks through, and how many of their jobs it reads. */
const LINES = 1_000
const ASKED = 40
/** A job that is overdue for this long, in milliseconds, has lost its alarm or does not exist. */
const LONG_OVERDUE_MS = 3_600_000

/** Reports that a row could not be written or checked; that is made up for later. */
export const missed = (error: unknown): void => console.error('respond-async: index:', error)

/**
 * Checks a part of an index for stale rows, of jobs that are gone or whose last change did not reach the index, because the writer was
 * cut off in between. Resolves to the position to continue from, `undefined` at the end.
 */
export async function careForLines(index: ReturnType<typeof jobIndex>, namespace: JobNamespace, after: Place | undefined) {
  const lines = index.lines(after, LINES)
  const before = Date.now() - LONG_OVERDUE_MS
  const overdue = lines.filter(({ dueAt }) => dueAt !== null && dueAt <= before)
  const asked = overdue.slice(0, ASKED)
  const lookAt = async (id: string) => {
    const read = await objectOf(namespace, jobName(id)).readJob('head')
    const job = read && jobOf(read.head)
    if (!job || job.goneAt !== undefined) index.drop(id)
    else index.put(rowOf(job, read.head))
  }
  await Promise.all(asked.map(({ id }) => lookAt(id).catch(missed))) // one that cannot be read does not hold up the others
  if (overdue.length > asked.length) return asked.at(-1)
  return lines.length === LINES ? lines.at(-1) : undefined
}
