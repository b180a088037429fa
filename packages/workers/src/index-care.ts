import type { Place } from '@respond-async/core/store'
import type { jobIndex } from './object-index'
import { type JobNamespace, jobName, jobOf, objectOf, rowOf } from './object-protocol'

/** How many lines one alarm looks through, and how many of their jobs it asks. */
const LINES = 1_000
const ASKED = 40
/** A job that is overdue for so long has no alarm any more, or is not there, in milliseconds. */
const LONG_OVERDUE_MS = 3_600_000

/** A line could not be written or looked up: another time it will be. */
export const missed = (error: unknown): void => console.error('respond-async: index:', error)

/**
 * Looks through a part of an index for lines that are left of jobs which are gone, or have changed without it: whoever wrote them
 * was cut off in between. Resolves to the place to go on from, `undefined` at the end.
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
  await Promise.all(asked.map(({ id }) => lookAt(id).catch(missed))) // one that cannot be read holds up no other
  if (overdue.length > asked.length) return asked.at(-1)
  return lines.length === LINES ? lines.at(-1) : undefined
}
