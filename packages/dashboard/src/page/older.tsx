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

/** Most pages that one search reads, of which the first are in the window. */
const PAGES = 20

/** Searches, with the filters, for jobs older than the window. They are not refreshed. */
export function Older({ place, server, hasOwners, before }: OlderProps) {
  // All jobs read, also those of the window: they are shown here once they have left it.
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
