import { type Body, cursorOf, type Job, type JobStatus, JobsError, sizeOf, TRANSITIONS } from '@respond-async/core'

export { cursorOf, type Place, placeOf } from '@respond-async/core'

/** Every state there is. */
export const STATUSES = Object.keys(TRANSITIONS) as readonly JobStatus[] // the table has a row for each

/** Whether a text or bytes take more than `limit` bytes. Counted only where they might: no unit of a text takes more than three. */
export const isLonger = (body: Body, limit: number): boolean =>
  body.length * (typeof body === 'string' ? 3 : 1) > limit && sizeOf(body) > limit

/** @throws {JobsError} `invalid_option` when a number is given that is no whole one from `low` to `high`. */
export function checkWhole(name: string, value: number | undefined, low: number, high: number): void {
  if (value !== undefined && (!Number.isInteger(value) || value < low || value > high))
    throw new JobsError('invalid_option', `${name} must be a whole number from ${low} to ${high}, not ${String(value)}`)
}

/** `others`: what is left of given options once a store has taken its own. @throws {JobsError} `invalid_option` where that is anything */
export function checkNoOthers(where: string, others: object): void {
  for (const name in others) throw new JobsError('invalid_option', `${where}: ${name} is no option`)
}

/** The `list` of a store that has read one row more than the page takes, where there is one: it tells that there is another page. */
export function pageOf<Row>(rows: readonly Row[], read: (row: Row) => Job, limit: number): { jobs: Job[]; cursor?: string } {
  const jobs = rows.slice(0, limit).map(read)
  const last = rows.length > limit ? jobs.at(-1) : undefined
  return { jobs, cursor: last && cursorOf(last) }
}

/**
 * The `due` of a store whose records may be broken: the jobs of those rows that can be read, as many as are asked for while there are
 * more. A broken record must not keep the others from being repaired; who asks for it by its id is told.
 *
 * @param page the first rows that are due, so many at most
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
 * Text as a column of UTF-8 that may end at NUL can hold it: as it is, and where it would not come back from there, or looks like
 * that, as JSON. No two texts become the same.
 */
export const columnText = (text: string): string => (/^"|\0|\p{Surrogate}/u.test(text) ? JSON.stringify(text) : text)

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
