import type { JobRequest } from '@respond-async/core'

/** A header field that no form can send, and that a page of another origin may send only with CORS, which is never allowed here. */
export const OWN_FIELD = 'x-respond-async-dashboard'

/**
 * Whether the request comes from the page itself, as a protection against CSRF: a browser sends an operator's cookies also with requests
 * of other sites. Browsers tell the origin in `Sec-Fetch-Site` or, if that is missing (plain http, old ones), in `Origin`. A client that
 * sends neither is not a browser.
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
