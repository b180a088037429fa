import type { StatusDocument } from '@respond-async/core'
import { SCRIPT, STYLE } from './page/assets'
import { markup } from './page/markup'

/** The self-contained HTML page of a job, for browsers. */
export interface StatusPage {
  /** Changes with the style and the script. Part of the ETag, so that a page with another version is not taken for unchanged. */
  readonly version: string
  readonly headers: Readonly<Record<string, string>>
  /** @param shows what the status URL shows once the job is over; with `'elsewhere'` the page then reloads */
  render(document: StatusDocument, shows: 'document' | 'elsewhere'): string
}

let made: StatusPage | undefined

/** The page, made once. The value is kept and not its promise, because on Workers a promise belongs to one request. */
export async function statusPage(): Promise<StatusPage> {
  made ??= await makePage()
  return made
}

async function makePage(): Promise<StatusPage> {
  const [script, style] = await Promise.all([SCRIPT, STYLE].map(sha256))
  // The first bytes of the hashes are enough to tell versions apart.
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
