import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { AccessAnswer, Row } from '../rows'
import { StateCounts } from './counts'
import { countsOf, operationsOf } from './figures'
import { Filters } from './filters'
import { JobTable } from './job-table'
import { type JobWindow, readWindow, refreshWindow } from './job-window'
import { Older } from './older'
import { Operations } from './operations'
import type { Place } from './place'
import { DurationsPlot, ThroughputPlot } from './plots'
import type { Pulse } from './pulse'
import type { Server } from './server'
import { useBeat } from './use-beat'
import { numberText } from './wording'

interface ListViewProps {
  readonly place: Place
  readonly server: Server
  readonly access: AccessAnswer
  readonly onPulse: (pulse: Pulse) => void
  /** The list as it was last seen. */
  readonly memory: WindowMemory
}

/** Kept while one job is shown, so that on return the list is there at once, and is then refreshed. */
export interface WindowMemory {
  window?: JobWindow
  readAt: number
}

/** How often the whole window is read again, in milliseconds: only that shows that others have removed jobs. */
const WHOLE_MS = 60_000
const STEP = 50

/** The jobs of the window: counts, plots, operations, and a table. */
export function ListView({ place, server, access, onPulse, memory }: ListViewProps) {
  const { owner, status, operation } = place
  const [jobs, setJobs] = useState(memory.window)
  const look = async () => {
    const size = access.windowJobs
    const isDue = !memory.window?.rows || Date.now() - memory.readAt > WHOLE_MS
    if (isDue) {
      const isFirst = memory.window === undefined
      memory.window = await readWindow(server, owner, size, (part) => isFirst && setJobs(part))
      memory.readAt = Date.now()
    } else memory.window = await refreshWindow(server, owner, size, memory.window as JobWindow)
    setJobs(memory.window)
  }
  useBeat(look, access.refreshMs, onPulse)
  const [shown, setShown] = useState(STEP)
  // Starts over with another filter.
  useEffect(() => setShown(STEP), [status, operation])

  const all = jobs?.rows ?? NONE
  const ofOperation = useMemo(() => (operation === undefined ? all : all.filter((row) => row.operation === operation)), [all, operation])
  const rows = useMemo(
    () => (status === undefined ? ofOperation : ofOperation.filter((row) => row.status === status)),
    [ofOperation, status],
  )
  const counts = useMemo(() => countsOf(ofOperation), [ofOperation])
  const operations = useMemo(() => operationsOf(all), [all])
  const now = useRef(Date.now())
  now.current = useMemo(() => Date.now(), [all]) // the plots move with their jobs, not with every rendering
  useEffect(() => {
    document.title = counts.running > 0 ? `${access.title} (${numberText(counts.running)} running)` : access.title
  }, [counts.running, access.title])

  if (!jobs) return <p class="note">Loading jobs …</p>
  const hasOwners = access.owner === undefined
  const page = rows.slice(0, shown)
  return (
    <div class="stack">
      <StateCounts counts={counts} place={place} />
      <p class="note">
        Counts and plots cover {operation !== undefined && `the ${operation} jobs among `}
        {jobs.isWhole ? 'all' : 'the newest'} {numberText(all.length)} jobs.
      </p>
      <div class="plots">
        <ThroughputPlot rows={rows} now={now.current} />
        <DurationsPlot rows={rows} place={place} />
      </div>
      {operations.length > 0 && <Operations figures={operations} place={place} />}
      <section class="card stack" aria-labelledby="jobs">
        <h2 id="jobs">Jobs</h2>
        <Filters place={place} operations={operations.map((one) => one.operation)} hasOwners={hasOwners} />
        {page.length > 0 ? (
          <JobTable rows={page} place={place} hasOwners={hasOwners} now={Date.now()} />
        ) : (
          <p class="note">{all.length === 0 ? 'There are no jobs yet.' : 'No job matches the filters.'}</p>
        )}
        {rows.length > shown && (
          <div class="more">
            <button type="button" onClick={() => setShown(shown + 2 * STEP)}>
              Show more
            </button>
            <span class="quiet">
              {numberText(page.length)} of {numberText(rows.length)}
            </span>
          </div>
        )}
        {rows.length <= shown && !jobs.isWhole && (
          <Older key={`${status} ${operation}`} place={place} server={server} hasOwners={hasOwners} before={all.at(-1)} />
        )}
      </section>
    </div>
  )
}

const NONE: readonly Row[] = []
