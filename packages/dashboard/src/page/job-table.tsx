import type { Row } from '../rows'
import { runMs } from './figures'
import { Link } from './navigation'
import type { Place } from './place'
import { Progress, State } from './state'
import { Time } from './time'
import { spanText } from './wording'

interface JobTableProps {
  readonly rows: readonly Row[]
  readonly place: Place
  readonly hasOwners: boolean
  readonly now: number
}

/** The jobs, newest first. */
export function JobTable({ rows, place, hasOwners, now }: JobTableProps) {
  return (
    <table class="jobs">
      <caption class="unseen">Jobs, newest first</caption>
      <thead>
        <tr>
          <th scope="col">State</th>
          <th scope="col">Job</th>
          {hasOwners && (
            <th scope="col" class="wide">
              Owner
            </th>
          )}
          <th scope="col" class="medium">
            Created
          </th>
          <th scope="col" class="wide">
            Duration
          </th>
          <th scope="col" class="medium">
            Progress
          </th>
          <th scope="col" class="wide">
            Attempt
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.id}>
            <td>
              <State row={row} />
            </td>
            <th scope="row">
              <Link to={{ ...place, job: row.id }}>{row.operation}</Link> <code class="id">{row.id.slice(0, 8)}</code>
              {row.status === 'failed' && row.code !== undefined && <span class="code">{row.code}</span>}
              <span class="narrow">
                <Time at={row.createdAt} /> <Progress row={row} />
              </span>
            </th>
            {hasOwners && (
              <td class="wide">
                <Link to={{ ...place, owner: row.owner ?? '' }}>{row.owner ?? 'none'}</Link>
              </td>
            )}
            <td class="medium">
              <Time at={row.createdAt} />
            </td>
            <td class="wide figure">{took(row, now)}</td>
            <td class="medium">
              <Progress row={row} />
              {row.message !== undefined && (
                <span class="message" dir="auto">
                  {row.message}
                </span>
              )}
            </td>
            <td class="wide figure">{row.attempt > 0 ? `${row.attempt} of ${row.maxAttempts}` : '–'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** How long the current attempt has run, or ran; never negative, even if clocks differ. */
export function took(row: Row, now: number): string {
  const ms = row.status === 'running' && row.startedAt !== undefined ? now - row.startedAt : runMs(row)
  return ms === undefined ? '–' : spanText(Math.max(0, ms))
}
