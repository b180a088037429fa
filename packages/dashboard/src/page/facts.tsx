import type { ComponentChildren } from 'preact'
import type { Detail } from '../rows'
import { took } from './job-table'
import { Link } from './navigation'
import type { Place } from './place'
import { Time } from './time'
import { sizeText } from './wording'

/** Times of the job, and what is known of its request and response. */
export function Facts({ job, place, now }: { job: Detail; place: Place; now: number }) {
  const times = [
    ['Created', job.createdAt],
    ['Scheduled for', job.scheduledAt],
    ['Started', job.startedAt],
    ['Cancellation requested', job.finishedAt === undefined ? job.cancelRequestedAt : undefined],
    ['Time limit', job.finishedAt === undefined ? job.timeoutAt : undefined],
    ['Finished', job.finishedAt],
    ['Last changed', job.updatedAt],
    ['Expires', job.expiresAt],
  ] as const
  return (
    <section class="card" aria-labelledby="facts">
      <h3 id="facts">Details</h3>
      <dl class="facts">
        {times.map(([name, at]) => at !== undefined && <Fact key={name} name={name} value={<Time at={at} isWhole />} />)}
        <Fact name="Duration" value={took(job, now)} />
        <Fact name="Owner" value={job.owner ?? 'none'} />
        {job.request && <Fact name="Request" value={`${job.request.method} ${job.request.path}`} />}
        {job.response && <Fact name="Response" value={responseText(job.response)} />}
        {job.dispatch > 1 && <Fact name="Handed to the engine" value={`${job.dispatch} times`} />}
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

/** The job as JSON. */
export function Document({ job }: { job: Detail }) {
  const { result, ...rest } = job
  return (
    <details class="card">
      <summary>Job as JSON</summary>
      <pre>{JSON.stringify({ ...rest, result: result === undefined ? undefined : parsed(result) }, null, 2)}</pre>
    </details>
  )
}

/** The result, parsed if it is JSON. */
function parsed(result: string): unknown {
  try {
    return JSON.parse(result)
  } catch {
    return result
  }
}
