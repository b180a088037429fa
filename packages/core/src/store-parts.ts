import type { Job } from '@respond-async/core'

export { cursorOf, type Place, placeOf } from '@respond-async/core'

/** Those rows that can be read: for `due`, where a broken record must not keep the others from being repaired. Who asks for it by its id is told. */
export function readable<Row>(rows: readonly Row[], read: (row: Row) => Job): Job[] {
  return rows.flatMap((row) => {
    try {
      return read(row)
    } catch {
      return []
    }
  })
}

/** What hears of the versions of one job. */
export interface VersionListener {
  /** A version was written. Older ones than the last that was heard of are no news. */
  hear(version: number): void
  /** Some may have been missed: the last is told again, so that whoever watches looks. */
  nudge(): void
  /** No more will be heard of; `error`: why. Without it the watch just ends. */
  end(error?: unknown): void
}

/**
 * A `watch` over whatever tells of versions: yields each that is newer than the last; of those that came while nobody asked, the
 * newest alone. Ends with the signal.
 *
 * @param join begins to tell the listener, and returns what stops that
 * @param known the version that is no news
 */
export async function* versionsFrom(
  signal: AbortSignal,
  join: (listener: VersionListener) => () => void,
  known = 0,
): AsyncGenerator<number, void, undefined> {
  if (signal.aborted) return
  let newest = known
  let isNudged = false
  let ended: { readonly error?: unknown } | undefined
  let wake = () => {}
  const end = (error?: unknown) => {
    ended ??= error === undefined ? {} : { error }
    wake()
  }
  const stop = () => end()
  signal.addEventListener('abort', stop)
  const leave = join({
    hear(version) {
      if (version <= newest) return
      newest = version
      wake()
    },
    nudge() {
      isNudged = true
      wake()
    },
    end,
  })
  try {
    for (let told = known; ; ) {
      if (newest > told || isNudged) {
        isNudged = false
        told = newest
        yield told || 1 // there is no version 0
      } else if (ended) {
        if ('error' in ended) throw ended.error
        return
      } else
        await new Promise<void>((resolve) => {
          wake = resolve
        })
    }
  } finally {
    leave()
    signal.removeEventListener('abort', stop)
  }
}
