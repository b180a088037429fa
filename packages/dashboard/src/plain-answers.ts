import type { Answer } from '@respond-async/core'

/** Header fields of every answer; files of the page override `Cache-Control`. */
const SECURITY = {
  'Cache-Control': 'no-store',
  // Only its own files, no inline script or style, no framing.
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; " +
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
} as const

export const withSecurity = (answer: Answer): Answer => ({ ...answer, headers: { ...SECURITY, ...answer.headers } })

export const json = (status: number, value: object): Answer => ({
  status,
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(value),
})

/** An error: a code for the page, and a sentence for its reader. */
export const refusal = (status: number, code: string, message: string): Answer => json(status, { code, message })

export const notFound = (): Answer => ({ status: 404, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: 'Not Found' })

export const notAllowed = (allow: string): Answer => ({
  status: 405,
  headers: { Allow: allow, 'Content-Type': 'text/plain; charset=utf-8' },
  body: 'Method Not Allowed',
})
