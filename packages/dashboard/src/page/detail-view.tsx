import type { JobEvent } from '@respond-async/core'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { AccessAnswer, Detail } from '../rows'
import { type ActionOutcome, Actions } from './actions'
import { Document, Facts } from './facts'
import { Attempts, History } from './history'
import { Link } from './navigation'
import type { Place } from './place'
import type { Pulse } from './pulse'
import { Refusal, type Server } from './server'
import { Progress, State } from './state'
import { useBeat } from './use-beat'
import { Webhook } from './webhook'

interface DetailViewProps {
  readonly id: string
  readonly place: Place
  readonly server: Server
  readonly access: AccessAnswer
  readonly onPulse: (pulse: Pulse) => void
  readonly onOutcome: (outcome: ActionOutcome) => void
}

interface Known {
  readonly job: Detail
  readonly events: readonly JobEvent[]
  readonly isKept: boolean
  readonly isTruncated: boolean
}

/** As many lines of history as one answer has at most. */
const LINES = 1_000

async function read(server: Server, id: string, before: Known | undefined): Promise<Known> {
  let { events = [], isTruncated = false } = before ?? {}
  for (;;) {
    const { job, history } = await server.show(id, events.at(-1)?.version)
    if (!history) return { job, events: [], isKept: false, isTruncated: false }
    if (events.length === 0) isTruncated = history.truncated
    events = [...events, ...history.events]
    if (history.events.length < LINES) return { job, events, isKept: true, isTruncated }
  }
}

/** One job: how it is, what has happened to it, and what can be done with it. */
export function DetailView({ id, place, server, access, onPulse, onOutcome }: DetailViewProps) {
  const [known, setKnown] = useState<Known>()
  const [isGone, setGone] = useState(false)
  const before = useRef<Known | undefined>(undefined)
  const look = async () => {
    try {
      before.current = await read(server, id, before.current)
      setKnown(before.current)
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== 'not_found') throw error
      setGone(true)
    }
  }
  const again = useBeat(look, access.refreshMs, onPulse)
  const heading = useRef<HTMLHeadingElement>(null)
  const isKnown = known !== undefined
  // Once the job is there, its reader is led to it.
  useEffect(() => heading.current?.focus(), [isKnown, isGone])
  useEffect(() => {
    if (known) document.title = `${known.job.status}: ${known.job.operation} – ${access.title}`
  }, [known, access.title])

  const back = (
    <p>
      <Link to={{ ...place, job: undefined }}>← Back to the list</Link>
    </p>
  )
  if (isGone)
    return (
      <div class="stack">
        {back}
        <section class="card">
          <h2 ref={heading} tabIndex={-1}>
            There is no such job
          </h2>
          <p class="note">It has expired, was purged, or never existed.</p>
        </section>
      </div>
    )
  if (!known) return <p class="note">Loading the job …</p>
  const { job, events, isKept, isTruncated } = known
  return (
    <div class="stack">
      {back}
      <section class="card stack large" aria-labelledby="job">
        <div class="head">
          <h2 id="job" dir="auto" ref={heading} tabIndex={-1}>
            {job.operation}
          </h2>
          <State row={job} />
          {!access.readOnly && <Actions job={job} place={place} server={server} onOutcome={onOutcome} onDone={again} />}
        </div>
        <code class="id">{job.id}</code>
        <Progress row={job} />
        {job.message !== undefined && <p dir="auto">{job.message}</p>}
      </section>
      {job.error && (
        <section class="card error" aria-labelledby="error">
          <h3 id="error">
            {job.error.title} <code>{job.error.code}</code>
          </h3>
          <p dir="auto">{job.error.message}</p>
        </section>
      )}
      <Facts job={job} place={place} now={Date.now()} />
      <Attempts job={job} events={events} />
      <History events={events} isKept={isKept} isTruncated={isTruncated} />
      {job.webhook && <Webhook webhook={job.webhook} />}
      <Document job={job} />
    </div>
  )
}
