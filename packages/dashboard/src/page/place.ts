import type { JobStatus } from '@respond-async/core'
import { STATES } from './figures'

/** What the page shows. All of it is in the query of its URL, so that it can be sent to others and the back button works. */
export interface Place {
  /** A job; otherwise the list. */
  readonly job?: string
  readonly status?: JobStatus
  readonly operation?: string
  /** Empty: nameless jobs. `undefined`: all owners. */
  readonly owner?: string
}

export function placeOf(search: string): Place {
  const params = new URLSearchParams(search)
  return {
    job: params.get('job') || undefined,
    status: STATES.find((state) => state === params.get('status')),
    operation: params.get('operation') || undefined,
    owner: params.get('owner') ?? undefined,
  }
}

/** The URL of a place, relative to the page. */
export function urlOf({ job, status, operation, owner }: Place): string {
  const given = { status, operation, owner, job }
  const query = `${new URLSearchParams(Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined))}`
  return query === '' ? './' : `?${query}`
}
