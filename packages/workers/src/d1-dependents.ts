import type { Job, JobEvent } from '@respond-async/core'
import type { Sql } from './d1-database'
import { dataOf, KINDS, writtenData } from './d1-record'

/** Whether the first statement of the batch has written the job: then the row has its unique token. */
const WRITTEN = 'EXISTS (SELECT 1 FROM respond_async_jobs WHERE id = ?1 AND token = ?2)'

/** Statements that follow the write of a job, without effect unless it succeeded: bodies (`undefined`: unchanged), chunks, history. */
export function dependentsOf(job: Job, token: string, events: readonly JobEvent[] | undefined, maxEvents: number): Sql[] {
  const { id, version, goneAt } = job
  const statements = KINDS.flatMap((kind): Sql[] => {
    const body = job[kind]
    if (body === undefined) return []
    if (body !== null)
      return [
        [
          `INSERT OR REPLACE INTO respond_async_bodies (job_id, kind, data) SELECT ?1, ?3, ${writtenData('?4', '?5')} WHERE ${WRITTEN}`,
          id,
          token,
          kind,
          ...dataOf(body),
        ],
      ]
    return version === 1 ? [] : [[`DELETE FROM respond_async_bodies WHERE job_id = ?1 AND kind = ?3 AND ${WRITTEN}`, id, token, kind]]
  })
  if (goneAt !== undefined) statements.push([`DELETE FROM respond_async_chunks WHERE job_id = ?1 AND ${WRITTEN}`, id, token])
  return [...statements, ...eventLines(id, token, events, maxEvents)]
}

/** Appends to the history of a job and drops the oldest events beyond `maxEvents`. */
export function eventLines(id: string, token: string, events: readonly JobEvent[] = [], maxEvents: number): Sql[] {
  if (events.length === 0) return []
  const lines = events.map(
    (event): Sql => [
      `INSERT INTO respond_async_events (job_id, version, data) SELECT ?1, ?3, ?4 WHERE ${WRITTEN}`,
      ...[id, token, event.version, JSON.stringify(event)],
    ],
  )
  const oldest = 'SELECT number FROM respond_async_events WHERE job_id = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2'
  return [...lines, [`DELETE FROM respond_async_events WHERE job_id = ?1 AND number <= (${oldest})`, id, maxEvents]]
}
