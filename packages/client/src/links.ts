import { type Fields, fieldsOf, textIn } from './json'
import type { JobLinks } from './status-document'

/** The absolute URL, if it is an http(s) one without credentials, which `fetch` refuses. */
export function httpUrl(address: string | null | undefined, base: string): string | undefined {
  if (!address) return undefined
  try {
    const { href } = new URL(address, base)
    return /^https?:..[^/@]+\//.test(href) ? href : undefined
  } catch {
    return undefined
  }
}

const firstUrl = (addresses: readonly (string | null | undefined)[], base: string): string | undefined =>
  addresses.map((address) => httpUrl(address, base)).find(Boolean)

/** The status URL in the answer that accepted a job: in its header fields, otherwise in the body. */
export function monitorIn(headers: Headers, json: unknown, base: string): string | undefined {
  const body = fieldsOf(json)
  const [, linked] = /<([^>]*)>[^<]*;\s*rel="?[^",;]*\b(?:monitor|status)\b/i.exec(headers.get('link') ?? '') ?? []
  const addresses = [
    ...['operation-location', 'azure-asyncoperation', 'location'].map((name) => headers.get(name)),
    linked,
    headers.get('content-location'),
    textIn(fieldsOf(body.links), 'self'),
    textIn(fieldsOf(body.urls), 'get'),
    textIn(body, 'statusQueryGetUri', 'statusUrl', 'status_url', 'statementStatusUrl', 'href'),
    textIn(fieldsOf(body.task), 'href'),
    textIn(fieldsOf(body.job), 'href', '@uri'),
  ]
  return firstUrl(addresses, base)
}

/** Names of links in other APIs. */
const NAMES: Partial<Readonly<Record<keyof JobLinks, readonly string[]>>> = {
  result: ['result_url', 'resultUrl', 'results_url', 'download_link', 'download_url', 'downloadUrl'],
  cancel: ['cancel_url', 'cancelUrl'],
}

/** A link in a status document: in `links`, as a string or an object with `href`, or under a name that other APIs use. */
export function linkOf(levels: readonly Fields[], links: Fields, base: string, name: keyof JobLinks): string | undefined {
  const named = [links[name], ...levels.flatMap((level) => [fieldsOf(level._links)[name], fieldsOf(level.urls)[name]])]
  const addresses = [
    ...named.map((one) => (typeof one === 'string' ? one : textIn(fieldsOf(one), 'href'))),
    ...levels.map((level) => textIn(level, ...(NAMES[name] ?? []))),
  ]
  return firstUrl(addresses, base)
}
