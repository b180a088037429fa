import { useEffect, useState } from 'preact/hooks'
import { Link, useGo } from './navigation'
import type { Place } from './place'

interface FiltersProps {
  readonly place: Place
  readonly operations: readonly string[]
  /** Whether jobs of several owners can be listed. */
  readonly hasOwners: boolean
}

/** Filters by operation and owner; the state is chosen by its count. */
export function Filters({ place, operations, hasOwners }: FiltersProps) {
  const go = useGo()
  const [owner, setOwner] = useState(place.owner ?? '')
  useEffect(() => setOwner(place.owner ?? ''), [place.owner])
  const names = place.operation === undefined || operations.includes(place.operation) ? operations : [...operations, place.operation]
  const isFiltered = place.status !== undefined || place.operation !== undefined || place.owner !== undefined
  const submit = (event: Event) => {
    event.preventDefault()
    go({ ...place, owner: owner.trim() || undefined })
  }
  return (
    <form class="filters" aria-label="Filters" onSubmit={submit}>
      <label>
        Operation
        <select value={place.operation ?? ''} onChange={(event) => go({ ...place, operation: event.currentTarget.value || undefined })}>
          <option value="">all</option>
          {names.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {hasOwners && (
        <label>
          Owner
          <input
            type="search"
            value={owner}
            placeholder={place.owner === '' ? 'none' : 'all'}
            autocomplete="off"
            onInput={(event) => setOwner(event.currentTarget.value)}
          />
        </label>
      )}
      {hasOwners && <button type="submit">Apply</button>}
      {isFiltered && (
        <Link to={{}} class="clear">
          Clear filters
        </Link>
      )}
    </form>
  )
}
