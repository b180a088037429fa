import { type Counts, STATES } from './figures'
import { Link } from './navigation'
import type { Place } from './place'
import { StateSign } from './state'
import { numberText } from './wording'

/** How many jobs are in each state; each figure leads to its jobs. */
export function StateCounts({ counts, place }: { counts: Counts; place: Place }) {
  const all = STATES.reduce((sum, state) => sum + counts[state], 0)
  return (
    <nav class="counts" aria-label="Jobs by state">
      <Link to={{ ...place, status: undefined }} class="count card" isCurrent={place.status === undefined}>
        <span class="number">{numberText(all)}</span> <span class="label">all</span>
      </Link>
      {STATES.map((state) => (
        <Link key={state} to={{ ...place, status: state }} class={`count card ${state}`} isCurrent={place.status === state}>
          <span class="number">{numberText(counts[state])}</span>{' '}
          <span class="label">
            <StateSign status={state} />
            {state}
          </span>
        </Link>
      ))}
    </nav>
  )
}
