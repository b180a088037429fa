import { type Body, cursorOf, type Job, type JobStatus, JobsError, sizeOf, TRANSITIONS } from '@respond-async/core'

export { checkNoOthers, cursorOf, type Place, placeOf } from '@respond-async/core'
export { checkJobs, operationOf } from './adapter-parts'

/** All states of a job. */
export const STATUSES = Object.keys(TRANSITIONS) as readonly JobStatus[] // the table has a row for each

/** Whether a text or bytes take more than `limit` bytes. Counted only if possible: a UTF-16 unit takes at most three bytes in UTF-8. */
export const isLonger = (body: Body, limit: number): boolean =>
  body.length * (typeof body === 'string' ? 3 : 1) > limit && sizeOf(body) > limit

/** @throws {JobsError} `invalid_option` unless the value is `undefined` or a whole number from `low` to `high` */
export function checkWhole(name: string, value: number | undefined, low: number, high: number): void {
  if (value !== undefined && (!Number.isInteger(value) || value < low || value > high))
    throw new JobsError('invalid_option', `${name} must be a whole number from ${low} to ${high}, not ${String(value)}`)
}

/** A page of `list` from rows of which one more than `limit` was asked for: if that is there, there is another page. */
export function pageOf<Row>(rows: readonly Row[], read: (row: Row) => Job, limit: number): { jobs: Job[]; cursor?: string } {
  const jobs = rows.slice(0, limit).map(read)
  const last = rows.length > limit ? jobs.at(-1) : undefined
  return { jobs, cursor: last && cursorOf(last) }
}

/**
 * Implements `due` for a store whose records may be broken: returns the jobs of the rows that can be read, `limit` of them if there are
 * so many, so that a broken record does not keep the others from being repaired. `get` throws for it.
 *
 * @param page reads the first due rows, at most as many as given
 * @param read throws for a row that cannot be read
 */
export async function dueFrom<Row>(
  page: (limit: number) => Promise<readonly Row[]>,
  read: (row: Row) => Job,
  limit: number,
): Promise<Job[]> {
  for (let asked = limit; ; ) {
    const rows = await page(asked)
    const jobs = rows.flatMap((row) => {
      try {
        return read(row)
      } catch {
        return []
      }
    })
    if (jobs.length >= limit || rows.length < asked) return jobs.slice(0, limit)
    asked = limit + rows.length - jobs.length
  }
}

/**
 * Encodes a text for a UTF-8 column that may end at NUL: as JSON if it has a NUL or lone surrogates, or begins with a quote as JSON
 * does; otherwise unchanged. Different texts stay different.
 */
export const columnText = (text: string): string => (/^"|\0|\p{Surrogate}/u.test(text) ? JSON.stringify(text) : text)

/** Is told of the versions of one job. */
export interface VersionListener {
  /** To be called when a version was written. Versions older than the latest are ignored. */
  hear(version: number): void
  /** To be called when versions may have been missed: the latest is yielded again, so that the watcher reads the job. */
  nudge(): void
  /** Ends the watch; with `error` it throws that. */
  end(error?: unknown): void
}

/**
 * Implements `watch` over a source of versions: yields each newer version; of those that came between two reads, only the newest. Ends
 * when the signal aborts.
 *
 * @param join subscribes the listener, and returns a function that unsubscribes it
 * @param known the version that is known already
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
