import { type VersionListener, versionsFrom } from '@respond-async/core/store'
import type { SqliteDatabase } from './database'

/**
 * Implements `watch` by polling: SQLite has no notifications, but counts the commits of other connections and the changes of this one. One
 * timer for all watchers compares both counts, and reads the watched jobs only if one has changed. Without watchers there is no timer.
 */
export function watchOf(database: SqliteDatabase, everyMs: number) {
  const counts = database.prepare("SELECT data_version || ' ' || total_changes() AS counts FROM pragma_data_version")
  const version = database.prepare('SELECT version FROM respond_async_jobs WHERE id = ?')
  const read = (id: string) => (version.get(id) as { version: number } | undefined)?.version ?? 0 // what the statement selects
  const watchers = new Set<Watcher>()
  let timer: ReturnType<typeof setInterval> | undefined
  let seen: unknown
  let closed = false

  const hasChanged = () => {
    const { counts: now } = counts.get() as { counts: unknown } // its one column
    const changed = now !== seen
    seen = now
    return changed
  }
  const look = () => {
    try {
      if (!hasChanged()) return
    } catch {
      // Each watcher then reads its job, and gets the error.
    }
    for (const watcher of watchers) watcher.look()
  }
  const join = (watcher: Watcher) => {
    watchers.add(watcher)
    timer ??= setInterval(look, everyMs)
    Object(timer).unref?.() // watching does not keep the process alive
  }
  const leave = (watcher: Watcher) => {
    watchers.delete(watcher)
    if (watchers.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
  const watch = async function* (id: string, signal: AbortSignal): AsyncGenerator<number, void, undefined> {
    if (signal.aborted || closed) return
    const listen = ({ hear, end }: VersionListener) => {
      const watcher: Watcher = {
        end,
        look() {
          try {
            hear(read(id))
          } catch (error) {
            end(error)
          }
        },
      }
      join(watcher)
      return () => leave(watcher)
    }
    yield* versionsFrom(signal, listen, read(id))
  }

  return {
    /** Ends all watches. */
    close() {
      closed = true
      for (const watcher of watchers) watcher.end()
    },
    watch,
  }
}

interface Watcher {
  look(): void
  end(): void
}
