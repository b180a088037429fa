import { useRef, useState } from 'preact/hooks'
import type { Row } from '../rows'
import { JobTable } from './job-table'
import type { Place } from './place'
import { Refusal, type Server } from './server'

interface OlderProps {
  readonly place: Place
  readonly server: Server
  readonly hasOwners: boolean
  /** The oldest job of the window, which moves on while jobs come. */
  readonly before: Row | undefined
}

/** Pages that one search reads at most: the first of them are of the window itself. */
const PAGES = 20

/** Looks for jobs that are older than the window, by the filters; as they were when they were found. */
export function Older({ place, server, hasOwners, before }: OlderProps) {
  // All that was read, that of the window too: what falls out of it is to be seen here.
  const [read, setRead] = useState<readonly Row[]>([])
  const [note, setNote] = useState('')
  const [isBusy, setBusy] = useState(false)
  const cursor = useRef<string | undefined>(undefined)
  const { owner, status, operation } = place
  const search = async () => {
    setBusy(true)
    setNote('Searching …')
    try {
      const found: Row[] = []
      for (let pages = 0; !found.some((row) => isOlder(row, before)) && pages < PAGES; pages++) {
        const page = await server.list({ owner, status, operation, cursor: cursor.current })
        found.push(...page.jobs)
        cursor.current = page.cursor
        if (page.cursor === undefined) break
      }
      setRead([...read, ...found])
      setNote(cursor.current === undefined ? 'There are no older jobs.' : '')
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      setNote(error.message)
    } finally {
      setBusy(false)
    }
  }
  const rows = read.filter((row) => isOlder(row, before))
  const isOver = note !== '' && !isBusy && cursor.current === undefined
  return (
    <>
      {rows.length > 0 && <JobTable rows={rows} place={place} hasOwners={hasOwners} now={Date.now()} />}
      <div class="more">
        {!isOver && (
          <button type="button" disabled={isBusy} onClick={search}>
            Search older jobs
          </button>
        )}
        <span class="quiet" role="status">
          {note}
        </span>
      </div>
    </>
  )
}

const isOlder = (row: Row, than: Row | undefined) =>
  !than || row.createdAt < than.createdAt || (row.createdAt === than.createdAt && row.id < than.id)
