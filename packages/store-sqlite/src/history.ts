import type { JobEvent } from '@respond-async/core'
import type { SqliteDatabase } from './database'

/** History of jobs, at most `maxEvents` events each. `add` must be called in the transaction of the change. */
export function historyOf(database: SqliteDatabase, maxEvents: number) {
  const insert = database.prepare('INSERT OR REPLACE INTO respond_async_events (job_id, version, position, line) VALUES (?, ?, ?, ?)')
  const trim = database.prepare(
    `DELETE FROM respond_async_events WHERE job_id = ?1 AND (version, position) <=
(SELECT version, position FROM respond_async_events WHERE job_id = ?1 ORDER BY version DESC, position DESC LIMIT 1 OFFSET ?2)`,
  )
  const after = database.prepare(
    'SELECT version, line FROM respond_async_events WHERE job_id = ? AND version > ? ORDER BY version, position LIMIT ?',
  )
  const oldest = database.prepare('SELECT min(version) AS version FROM respond_async_events WHERE job_id = ?')
  return {
    add(id: string, events: readonly JobEvent[]): void {
      for (const [position, event] of events.entries()) insert.run(id, event.version, position, JSON.stringify(event))
      trim.run(id, maxEvents)
    },
    read(id: string, version: number, limit: number): { events: JobEvent[]; truncated: boolean } {
      const lines = after.all(id, version, limit) as { version: number; line: string }[] // what the statement selects
      // Read last: if another process drops events in between, those that were read above are older.
      const kept = oldest.get(id) as { version: number | null }
      const first = Math.min(lines[0]?.version ?? Number.POSITIVE_INFINITY, kept.version ?? version)
      return { events: lines.map(({ line }) => JSON.parse(line) as JobEvent), truncated: first > version + 1 } // written by `add`
    },
  }
}
