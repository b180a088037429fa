import type { Row } from '../rows'
import type { Server } from './server'

/** The newest jobs, as the page knows them. */
export interface JobWindow {
  /** Newest first. */
  readonly rows: readonly Row[]
  /** There are no older jobs than these. */
  readonly isWhole: boolean
}

/** Jobs whose clocks or writes came a little late are behind others that are known already, so this much is looked at again. */
const OVERLAP_MS = 5_000
/** As many as can be asked for by name at once. */
const NAMED = 100

const isUnfinished = ({ status }: Row): boolean => status === 'queued' || status === 'running'
const newestFirst = (a: Row, b: Row) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1)

/** Reads the newest `size` jobs, a page at a time; `onPage` sees what there is so far. */
export async function readWindow(server: Server, owner: string | undefined, size: number, onPage: (part: JobWindow) => void) {
  const rows: Row[] = []
  let cursor: string | undefined
  do {
    const page = await server.list({ owner, cursor })
    rows.push(...page.jobs)
    cursor = page.cursor
    if (cursor !== undefined && rows.length < size) onPage({ rows: [...rows], isWhole: false })
  } while (cursor !== undefined && rows.length < size)
  return cut(rows, size, cursor === undefined)
}

/**
 * The window as it is now, by reading what can have changed: what has come, and what was unfinished. A finished job changes no more;
 * that it was removed is seen at the next whole reading.
 */
export async function refreshWindow(server: Server, owner: string | undefined, size: number, before: JobWindow): Promise<JobWindow> {
  const known = new Map(before.rows.map((row) => [row.id, row]))
  const [newest] = before.rows
  const since = newest && `${Math.max(0, newest.createdAt - OVERLAP_MS)}_0`
  const take = (row: Row) => {
    const there = known.get(row.id)
    if (!there || there.revision <= row.revision) known.set(row.id, row)
  }
  let cursor: string | undefined
  let fresh = 0
  do {
    const page = await server.list({ owner, since, cursor })
    page.jobs.forEach(take)
    fresh += page.jobs.length
    cursor = page.cursor
  } while (cursor !== undefined && fresh < size)

  const open = new Set([...known.values()].filter(isUnfinished).map(({ id }) => id))
  const end = before.isWhole ? 0 : (before.rows.at(-1)?.createdAt ?? 0)
  for (cursor = undefined; open.size > 0; ) {
    const page = await server.list({ owner, status: 'queued,running', cursor })
    for (const row of page.jobs) {
      if (known.has(row.id)) take(row)
      open.delete(row.id)
    }
    cursor = page.cursor
    if (cursor === undefined || (page.jobs.at(-1)?.createdAt ?? 0) < end) break
  }
  // What was unfinished and is not any more has finished, or is gone.
  for (const ids = [...open]; ids.length > 0; ) {
    const some = ids.splice(0, NAMED)
    const { jobs } = await server.list({ owner, ids: some.join() })
    for (const id of some) known.delete(id)
    for (const row of jobs) known.set(row.id, row)
  }
  return cut([...known.values()].sort(newestFirst), size, before.isWhole)
}

const cut = (rows: readonly Row[], size: number, isWhole: boolean): JobWindow => ({
  rows: rows.slice(0, size),
  isWhole: isWhole && rows.length <= size,
})
