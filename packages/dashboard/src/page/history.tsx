import type { JobEvent } from '@respond-async/core'
import type { Detail } from '../rows'
import { attemptsOf, nameOf } from './life'
import { Time } from './time'
import { spanText } from './wording'

/** The attempts of a job, how long each took and how it ended. */
export function Attempts({ job, events }: { job: Detail; events: readonly JobEvent[] }) {
  const lines = attemptsOf(job, events)
  return (
    <section class="card" aria-labelledby="attempts">
      <h3 id="attempts">
        Attempts{' '}
        <span class="quiet">
          {job.attempt} of {job.maxAttempts}
        </span>
      </h3>
      {lines.length === 0 ? (
        <p class="note">No attempt has started yet.</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">#</th>
              <th scope="col">Started</th>
              <th scope="col">Duration</th>
              <th scope="col">Ended</th>
            </tr>
          </thead>
          <tbody>
            {lines.map(({ attempt, startedAt, endedAt, end, code }) => (
              <tr key={attempt}>
                <th scope="row">{attempt}</th>
                <td>
                  <Time at={startedAt} />
                </td>
                <td class="figure">{endedAt === undefined ? '–' : spanText(Math.max(0, endedAt - startedAt))}</td>
                <td>
                  {end ?? 'running'} {code !== undefined && <span class="code">{code}</span>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}

interface HistoryProps {
  readonly events: readonly JobEvent[]
  readonly isKept: boolean
  readonly isTruncated: boolean
}

/** The history of a job, as its store keeps it. */
export function History({ events, isKept, isTruncated }: HistoryProps) {
  const [first] = events
  return (
    <section class="card" aria-labelledby="events">
      <h3 id="events">Events</h3>
      {!isKept && <p class="note">This store keeps no job history.</p>}
      {isTruncated && <p class="note">Older events have been dropped.</p>}
      <ol class="events">
        {events.map((event) => (
          <li key={event.version}>
            <span class="quiet figure" title={new Date(event.at).toISOString()}>
              {first && event !== first ? `+${spanText(Math.max(0, event.at - first.at))}` : <Time at={event.at} />}
            </span>
            <span>
              <strong>{nameOf(event)}</strong>
              {event.type === 'progress' && event.percentComplete !== undefined && ` ${Math.floor(event.percentComplete)} %`}
              {event.type === 'start' && event.attempt > 1 && ` attempt ${event.attempt}`}
              {event.code !== undefined && event.status !== 'running' && <code> {event.code}</code>}
              {event.message !== undefined && event.type === 'progress' && (
                <>
                  {' '}
                  <span class="quiet" dir="auto">
                    {event.message}
                  </span>
                </>
              )}
            </span>
          </li>
        ))}
      </ol>
    </section>
  )
}
