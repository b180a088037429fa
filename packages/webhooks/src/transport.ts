import type { WebhookReply } from '@respond-async/core'

/** A signed message, ready to be sent. */
export interface Outgoing {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Whether its origin is in `allow`: its addresses are then not checked. */
  readonly isAllowed: boolean
  /** Time limit in milliseconds, including resolving the host name. */
  readonly timeoutMs: number
}

/** Sends requests on a platform. Follows no redirects, reads a limited part of the answer, uses no proxy. */
export interface Transport {
  /** Whether it cannot check addresses before connecting, so that only allowed origins may be sent to. */
  readonly onlyAllowed: boolean
  /** Why the host is refused because of its addresses, as a sentence. Rejects if they cannot be resolved. */
  check(url: URL): Promise<string | undefined>
  /** Sends a message. If it rejects, the caller makes the reply of the error. */
  send(message: Outgoing): Promise<WebhookReply>
}

/** `Retry-After`, seconds or a date (RFC 9110 10.2.3), in milliseconds; `undefined` if missing or invalid. */
export function retryAfterOf(field: string | null | undefined): number | undefined {
  if (!field) return undefined
  const ms = /^\d{1,9}$/.test(field.trim()) ? Number(field) * 1000 : Date.parse(field) - Date.now()
  return ms > 0 ? ms : undefined
}
