import type { SqliteDatabase } from './database'

/**
 * Tells of versions as they change. SQLite calls nobody, but it counts what other connections commit: one timer for all who watch
 * looks at that count, and only when it has moved are their jobs looked at. Nobody watches, nothing is looked at.
 */
export function watchOf(database: SqliteDatabase, everyMs: number) {
  const commits = database.prepare('PRAGMA data_version')
  const version = database.prepare('SELECT version FROM respond_async_jobs WHERE id = ?')
  const read = (id: string) => (version.get(id) as { version: number } | undefined)?.version ?? 0 // what the statement selects
  const wakers = new Set<() => void>()
  let timer: ReturnType<typeof setInterval> | undefined
  let seen: unknown
  let wrote = false
  let closed = false

  const hasChanged = () => {
    const { data_version: now } = commits.get() as { data_version: unknown } // its one column
    const changed = now !== seen || wrote
    seen = now
    wrote = false
    return changed
  }
  const look = () => {
    try {
      if (!hasChanged()) return
    } catch {
      // Whoever is woken reads, and throws it to somebody.
    }
    for (const wake of wakers) wake()
  }
  const join = (wake: () => void) => {
    wakers.add(wake)
    timer ??= setInterval(look, everyMs)
    Object(timer).unref?.() // watching alone keeps no process alive
  }
  const leave = (wake: () => void) => {
    wakers.delete(wake)
    if (wakers.size > 0) return
    clearInterval(timer)
    timer = undefined
  }

  return {
    /** To be called after a write through this connection: those are not counted. */
    wrote() {
      wrote = true
    },
    /** Ends all that watch. */
    close() {
      closed = true
      for (const wake of wakers) {
        wake()
        leave(wake)
      }
    },
    async *watch(id: string, signal: AbortSignal): AsyncGenerator<number, void, undefined> {
      let resume = () => {}
      const wake = () => resume()
      const stop = () => {
        leave(wake)
        wake()
      }
      if (signal.aborted || closed) return
      signal.addEventListener('abort', stop, { once: true })
      join(wake)
      try {
        for (let last = read(id); !signal.aborted && !closed; ) {
          const next = read(id)
          if (next > last) {
            last = next
            yield next
          } else
            await new Promise<void>((resolve) => {
              resume = resolve
            })
        }
      } finally {
        leave(wake)
        signal.removeEventListener('abort', stop)
      }
    },
  }
}
