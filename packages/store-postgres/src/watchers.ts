import { type VersionListener, versionsFrom } from '@respond-async/core/store'

/** Payload of a notification: id and version of the job. */
const PAYLOAD = /^(\S+) (\S+)$/

/** Subscribes to the channel, for all watchers; calls `listening` whenever listening begins. Resolves to a function that unsubscribes. */
export type Listen = (hear: (payload: string) => void, listening: () => void) => Promise<() => Promise<unknown>>

/**
 * Implements `watch` for all watchers of a store over one subscription, which begins with the first of them.
 *
 * @param versionsOf reads the current versions of jobs; called whenever listening begins, for changes that were missed before
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
  /** Ends all watches, which would otherwise wait in vain. */
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
