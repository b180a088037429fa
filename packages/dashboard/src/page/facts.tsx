import type { Json, JsonObject } from '@respond-async/core'
import type { ComponentChildren } from 'preact'
import type { Detail } from '../rows'
import { took } from './job-table'
import { Link } from './navigation'
import type { Place } from './place'
import { Scroll } from './scroll'
import { Time } from './time'
import { sizeText } from './wording'

/** When what happened, or is to happen; and what is known of request and response. */
export function Facts({ job, place, now }: { job: Detail; place: Place; now: number }) {
  const times = [
    ['Created', job.createdAt],
    ['To start at', job.scheduledAt],
    ['Started', job.startedAt],
    ['Cancellation asked for', job.finishedAt === undefined ? job.cancelRequestedAt : undefined],
    ['Time limit', job.finishedAt === undefined ? job.timeoutAt : undefined],
    ['Finished', job.finishedAt],
    ['Last change', job.updatedAt],
    ['Expires', job.expiresAt],
  ] as const
  return (
    <section class="card" aria-labelledby="facts">
      <h3 id="facts">Times</h3>
      <dl class="facts">
        {times.map(([name, at]) => at !== undefined && <Fact key={name} name={name} value={<Time at={at} isWhole />} />)}
        <Fact name="Took" value={took(job, now)} />
        <Fact name="Owner" value={job.owner ?? 'nameless'} />
        {job.request && <Fact name="Request" value={`${job.request.method} ${job.request.path}`} />}
        {job.response && <Fact name="Response" value={responseText(job.response)} />}
        {job.dispatch > 1 && <Fact name="Handed over" value={`${job.dispatch} times`} />}
        {job.retryOf !== undefined && <Fact name="Retry of" value={<Link to={{ ...place, job: job.retryOf }}>{job.retryOf}</Link>} />}
      </dl>
    </section>
  )
}

const Fact = ({ name, value }: { name: string; value: ComponentChildren }) => (
  <div>
    <dt>{name}</dt>
    <dd>{value}</dd>
  </div>
)

const responseText = ({ status, type, size }: NonNullable<Detail['response']>) =>
  [String(status), type, sizeText(size)].filter((part) => part !== undefined).join(', ')

/** The job as data: what its owner sees, and what the record says besides. */
export function Document({ job }: { job: Detail }) {
  const { result, ...rest } = job
  return (
    <details class="card">
      <summary>Document</summary>
      <pre>{JSON.stringify({ ...rest, result: result === undefined ? undefined : parsed(result) }, null, 2)}</pre>
    </details>
  )
}

/** A result was JSON when it was kept; shown as text where it is none any more. */
function parsed(result: string): unknown {
  try {
    return JSON.parse(result)
  } catch {
    return result
  }
}

/** The deliveries of a webhook, whatever is recorded of them. */
export function Webhook({ webhook }: { webhook: JsonObject }) {
  const log: Json | undefined = webhook.log
  const lines = Array.isArray(log) ? log.filter((line): line is JsonObject => typeof line === 'object' && line !== null) : []
  const columns = [...new Set(lines.flatMap((line) => Object.keys(line)))]
  return (
    <section class="card" aria-labelledby="webhook">
      <h3 id="webhook">Webhook</h3>
      {typeof webhook.url === 'string' && <p class="quiet">{webhook.url}</p>}
      {lines.length === 0 ? (
        <p class="note">Nothing was sent yet.</p>
      ) : (
        <Scroll label="Deliveries">
          <table>
            <thead>
              <tr>
                {columns.map((name) => (
                  <th key={name} scope="col">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {lines.map((line, at) => (
                // A log only grows.
                <tr key={at}>
                  {columns.map((name) => (
                    <td key={name}>{cellText(name, line[name])}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </section>
  )
}

const cellText = (name: string, value: Json | undefined): ComponentChildren => {
  if (value === undefined || value === null) return '–'
  if (typeof value === 'number' && /^at$|At$/.test(name)) return <Time at={value} />
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
