import type { JobStatus } from '@respond-async/core'
import type { Row } from '../rows'

/** A sign beside the word, so that states are told apart without colours. */
const SIGNS: Readonly<Record<JobStatus, string>> = { queued: '…', running: '▶', succeeded: '✓', failed: '✕', canceled: '⊘' }

export const StateSign = ({ status }: { status: JobStatus }) => (
  <span class="sign" aria-hidden="true">
    {SIGNS[status]}
  </span>
)

export function State({ row: { status, cancelRequestedAt } }: { row: Row }) {
  const isStopping = status === 'running' && cancelRequestedAt !== undefined
  return (
    <span class={`state ${status}`}>
      <StateSign status={status} />
      {isStopping ? 'canceling' : status}
    </span>
  )
}

/** How far a running job has come; nothing for the others, whose state says it. */
export function Progress({ row: { id, status, percentComplete } }: { row: Row }) {
  if (status !== 'running') return null
  const label = `Progress of job ${id}`
  if (percentComplete === undefined) return <progress aria-label={label} />
  return (
    <span class="progress">
      <progress aria-label={label} max={100} value={percentComplete} />
      <span class="figure">{Math.floor(percentComplete)} %</span>
    </span>
  )
}
