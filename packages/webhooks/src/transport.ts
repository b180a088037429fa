import type { WebhookReply } from '@respond-async/core'

/** A signed message, ready to go. */
export interface Outgoing {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Whether its origin is sent to whatever its addresses are. */
  readonly isAllowed: boolean
  /** For all of it, the look-up of the name included, in milliseconds. */
  readonly timeoutMs: number
}

/** How a platform sends. Follows no redirect, reads a bounded part of the answer, uses no proxy. */
export interface Transport {
  /** It cannot see addresses before it connects, so nothing is sent but to origins that are allowed by name. */
  readonly onlyAllowed: boolean
  /** Why nothing is sent to what is behind this name, as a sentence. Rejects where that cannot be found out. */
  check(url: URL): Promise<string | undefined>
  /** May reject: that is a reply of its own, made by the caller. */
  send(message: Outgoing): Promise<WebhookReply>
}

/** `Retry-After` in milliseconds, as seconds or as a date (RFC 9110 10.2.3); `undefined` where it says nothing. */
export function retryAfterOf(field: string | null | undefined): number | undefined {
  if (!field) return undefined
  const ms = /^\d{1,9}$/.test(field.trim()) ? Number(field) * 1000 : Date.parse(field) - Date.now()
  return ms > 0 ? ms : undefined
}
