import type { JobRequest } from '@respond-async/core'

/** A field that no form can send and that a foreign page may send only where the server allows it, which this one never does. */
export const OWN_FIELD = 'x-respond-async-dashboard'

/**
 * Whether it is the page that asks. A browser signs an operator in wherever a request comes from, so that another site could purge
 * jobs by it. Browsers say where from in `Sec-Fetch-Site`, and where that is missing (plain http, old ones) in `Origin`; a client
 * that says neither is no browser, and brings only what it was given.
 */
export function isFromPage({ headers, url }: JobRequest): boolean {
  if (headers.get(OWN_FIELD) === null) return false
  const site = headers.get('sec-fetch-site')
  if (site !== null) return site === 'same-origin'
  const origin = headers.get('origin')
  if (origin === null) return true
  const host = headers.get('host') ?? hostOf(url)
  return host !== undefined && hostOf(origin) === host.toLowerCase()
}

/** Host and port of an absolute URL; `Origin: null` and paths have none. */
const hostOf = (url: string) => /^https?:\/\/([^/?#]+)/i.exec(url)?.[1]?.toLowerCase()
