import { type VersionListener, versionsFrom } from '@respond-async/core/store'

/** What is told of a write: id and version, as the statements put them together. */
const PAYLOAD = /^(\S+) (\S+)$/

/** Whatever carries the messages of one channel here, for all who watch. Calls `listening` whenever it begins to listen. */
export type Listen = (hear: (payload: string) => void, listening: () => void) => Promise<() => Promise<unknown>>

/**
 * All watchers of a store over one subscription, which begins with the first of them.
 *
 * @param versionsOf what the jobs are at now: asked for whenever listening begins, for what was missed before
 */
export function createWatchers(listen: Listen, versionsOf: (ids: string[]) => Promise<Iterable<readonly [id: string, version: number]>>) {
  const watched = new Map<string, Set<VersionListener>>()
  let subscription: Promise<() => Promise<unknown>> | undefined
  let closed = false

  const tell = (id: string, version: number) => {
    for (const watcher of watched.get(id) ?? []) watcher.hear(version)
  }
  const hear = (payload: string) => {
    const [, id, version] = PAYLOAD.exec(payload) ?? []
    if (id !== undefined && watched.has(id)) tell(id, Number(version))
  }
  /** For all: whoever waits has to know that he would wait in vain. */
  const end = (error?: unknown) => {
    for (const watchers of watched.values()) for (const watcher of watchers) watcher.end(error)
  }
  const catchUp = () => {
    if (watched.size === 0) return
    versionsOf([...watched.keys()]).then((versions) => {
      for (const [id, version] of versions) tell(id, version)
    }, end)
  }
  const subscribe = () => {
    if (subscription) return
    const begun = listen(hear, catchUp)
    subscription = begun
    begun.catch((error) => {
      subscription = undefined
      end(error)
    })
  }

  return {
    watch: (id: string, signal: AbortSignal): AsyncGenerator<number, void, undefined> =>
      versionsFrom(signal, (watcher) => {
        const watchers = watched.get(id) ?? new Set()
        watched.set(id, watchers.add(watcher))
        if (closed) watcher.end()
        else subscribe()
        return () => {
          watchers.delete(watcher)
          if (watchers.size === 0 && watched.get(id) === watchers) watched.delete(id)
        }
      }),
    async close(): Promise<void> {
      closed = true
      end()
      const unlisten = await subscription?.catch(() => undefined)
      subscription = undefined
      await unlisten?.()
    },
  }
}
