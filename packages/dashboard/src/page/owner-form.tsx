import { useState } from 'preact/hooks'
import { useGo } from './navigation'

/** Asks for an owner, if the store can list only the jobs of one owner. */
export function OwnerForm({ message }: { message: string }) {
  const go = useGo()
  const [owner, setOwner] = useState('')
  const submit = (event: Event) => {
    event.preventDefault()
    go({ owner: owner.trim() })
  }
  return (
    <form class="card stack" onSubmit={submit} aria-labelledby="whose">
      <h2 id="whose">Whose jobs?</h2>
      <p class="note">{message} Enter an owner, or leave the field empty for jobs without one.</p>
      <div class="filters">
        <label>
          Owner
          <input type="text" value={owner} autocomplete="off" onInput={(event) => setOwner(event.currentTarget.value)} />
        </label>
        <button type="submit" class="main">
          Show jobs
        </button>
      </div>
    </form>
  )
}
