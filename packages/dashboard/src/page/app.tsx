import { useEffect, useRef, useState } from 'preact/hooks'
import type { AccessAnswer } from '../rows'
import type { ActionOutcome } from './actions'
import { DetailView } from './detail-view'
import { ListView, type WindowMemory } from './list-view'
import { Link, Navigated } from './navigation'
import { OwnerForm } from './owner-form'
import type { Place } from './place'
import type { Pulse } from './pulse'
import { PulseLine, spokenText } from './pulse-line'
import type { Server } from './server'
import { useBeat } from './use-beat'

/** Pause between two tries to begin, in milliseconds; once it has begun the server says how often it is asked. */
const START_MS = 2_000

/** The whole page, once it is known what its reader may do. */
export function App({ server, title }: { server: Server; title: string }) {
  const [access, setAccess] = useState<AccessAnswer>()
  return access ? (
    <Navigated>{(place) => <Page server={server} access={access} place={place} />}</Navigated>
  ) : (
    <Start server={server} title={title} onAccess={setAccess} />
  )
}

function Start({ server, title, onAccess }: { server: Server; title: string; onAccess: (access: AccessAnswer) => void }) {
  const [pulse, setPulse] = useState<Pulse>({ state: 'starting' })
  useBeat(async () => onAccess(await server.access()), START_MS, setPulse)
  return (
    <>
      <header class="top">
        <h1>{title}</h1>
        <PulseLine pulse={pulse} />
      </header>
      <main />
    </>
  )
}

function Page({ server, access, place }: { server: Server; access: AccessAnswer; place: Place }) {
  const [pulse, setPulse] = useState<Pulse>({ state: 'starting' })
  const [outcome, setOutcome] = useState<ActionOutcome>()
  const scope = access.owner ?? place.owner
  const memory = useRef<{ scope: string | undefined } & WindowMemory>({ scope, readAt: 0 })
  if (memory.current.scope !== scope) memory.current = { scope, readAt: 0 }
  const came = (what: ActionOutcome) => {
    setOutcome(what)
    memory.current.readAt = 0 // what was done is to be seen
  }
  // What came of an action is no longer news when its reader has gone on to another list.
  useEffect(() => {
    if (place.job !== undefined) setOutcome((last) => (last?.job === undefined || last.job === place.job ? undefined : last))
  }, [place.job])
  const isOwnerNeeded = pulse.state === 'refused' && pulse.refusal.code === 'owner_required'
  const parts = { place, server, access, onPulse: setPulse }
  return (
    <>
      <header class="top">
        <h1>
          <Link to={{ owner: place.owner }}>{access.title}</Link>
        </h1>
        {!isOwnerNeeded && <PulseLine pulse={pulse} />}
      </header>
      <main>
        <span class="unseen" role="status">
          {spokenText(pulse)}
        </span>
        <div class={outcome ? `card outcome ${outcome.isBad ? 'bad' : ''}` : undefined} role="status">
          {outcome && (
            <>
              <span>
                {outcome.text} {outcome.job !== undefined && <Link to={{ ...place, job: outcome.job }}>Open it</Link>}
              </span>
              <button type="button" onClick={() => setOutcome(undefined)}>
                Close
              </button>
            </>
          )}
        </div>
        {place.job !== undefined ? (
          <DetailView key={place.job} id={place.job} onOutcome={came} {...parts} />
        ) : (
          <>
            {isOwnerNeeded && <OwnerForm message={pulse.refusal.message} />}
            <div hidden={isOwnerNeeded}>
              <ListView key={`owner ${scope}`} memory={memory.current} {...parts} />
            </div>
          </>
        )}
      </main>
    </>
  )
}
