import type { StatusDocument } from '@respond-async/core'
import { SCRIPT, STYLE } from './page/assets'
import { markup } from './page/markup'

/** The page of a job, for browsers. Everything that it needs is in it. */
export interface StatusPage {
  /** Changes with what all pages have in common: an entity tag must not promise a style and a script of another version. */
  readonly version: string
  readonly headers: Readonly<Record<string, string>>
  /** @param shows `'elsewhere'`: once the job is over its status URL shows something else, and the page is to be loaded again. */
  render(document: StatusDocument, shows: 'document' | 'elsewhere'): string
}

let made: StatusPage | undefined

/** The page, with the hashes of its style and its script, made once. The value is kept and not its promise: on Workers that belongs to one request. */
export async function statusPage(): Promise<StatusPage> {
  made ??= await makePage()
  return made
}

async function makePage(): Promise<StatusPage> {
  const [script, style] = await Promise.all([SCRIPT, STYLE].map(sha256))
  // Two scripts or styles that differ, differ in the first bytes of their hashes.
  const version = `${script?.slice(0, 6)}${style?.slice(0, 6)}`
  return {
    version,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': [
        "default-src 'none'",
        `script-src 'sha256-${script}'`,
        `style-src 'sha256-${style}'`,
        "connect-src 'self'",
        'img-src data:', // the empty icon, so that no browser asks the server for one
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
      ].join('; '),
      'Referrer-Policy': 'same-origin',
      'X-Content-Type-Options': 'nosniff',
    },
    render: (document, shows) => markup(document, shows, STYLE, SCRIPT),
  }
}

async function sha256(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
  return btoa(String.fromCharCode(...bytes))
}
