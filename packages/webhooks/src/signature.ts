import { type Job, JobsError, type Json, type StatusDocument, type WebhookType } from '@respond-async/core'
import { Webhook } from 'standardwebhooks'

/** Secrets, newest first. A message is signed with each, so that receivers can switch to a new one in their own time. */
export type Secrets = readonly string[]

/** Checks that secrets are those of Standard Webhooks: `whsec_` and 24 to 64 bytes in base64. @throws {JobsError} `invalid_option` */
export function checkSecrets(secrets: Secrets): void {
  if (secrets.length === 0) throw invalid("give it at least one secret, { secrets: ['whsec_…'] }")
  for (const secret of secrets) {
    const [, encoded = ''] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret) ?? []
    const bytes = Math.floor((encoded.replaceAll('=', '').length * 3) / 4)
    if (bytes < 24 || bytes > 64) throw invalid('a secret must be "whsec_" and 24 to 64 random bytes in base64')
  }
}
export const invalid = (what: string): JobsError => new JobsError('invalid_option', `webhooks: ${what}`)

/** The header fields of a message (Standard Webhooks 1.0.0, "Webhook headers"). */
export function signedFields(secrets: Secrets, id: string, at: Date, body: string): Record<string, string> {
  const signatures = secrets.map((secret) => new Webhook(secret).sign(id, at, body))
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': `${Math.floor(at.getTime() / 1000)}`,
    'webhook-signature': signatures.join(' '),
  }
}

/** A message as received: a `Request`, or its header fields and the unparsed body. */
export type ReceivedWebhook =
  | Pick<Request, 'headers' | 'text'>
  | { readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>; readonly body: string | Uint8Array }

/** A verified message. */
export interface WebhookEvent {
  /** The same at every try, so that the receiver can ignore a message that it has seen. */
  readonly id: string
  readonly type: WebhookType
  /** When the job ended, RFC 3339. */
  readonly timestamp: string
  readonly data: StatusDocument & { readonly result?: Json }
}

/** The message is not signed with any of the secrets, its timestamp is more than five minutes off, or it is no webhook message. */
export class WebhookError extends Error {
  override readonly name = 'WebhookError'
  readonly code = 'unverified'
}

/**
 * Verifies a message and parses it. The body must be given as received, not parsed.
 *
 * @param secrets the sender's secret, or several while it is being rotated
 * @throws {WebhookError} `unverified`: answer 401, and do nothing else
 */
export async function verifyWebhook(received: ReceivedWebhook, secrets: string | Secrets): Promise<WebhookEvent> {
  const [headers, body] = 'text' in received ? await readRequest(received) : [received.headers, received.body]
  const fields: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) fields[name.toLowerCase()] = String(value)
  if (typeof body !== 'string' && !ArrayBuffer.isView(body))
    throw unverified('give it the body as it came, a text or bytes, and not what a parser has made of it')
  let cause: unknown
  for (const secret of [secrets].flat()) {
    try {
      const message = new Webhook(secret).verify(typeof body === 'string' ? body : new TextDecoder().decode(body), fields)
      return { id: fields['webhook-id'] as string, ...(message as Omit<WebhookEvent, 'id'>) } // signed with the secret, so it is a `WebhookEvent`
    } catch (error) {
      cause = error
    }
  }
  throw unverified(cause instanceof Error ? cause.message : 'there is no secret', cause)
}

const unverified = (why: string, cause?: unknown) => new WebhookError(`The webhook could not be verified: ${why}`, { cause })

async function readRequest(request: Pick<Request, 'headers' | 'text'>): Promise<[Record<string, string>, string]> {
  return [Object.fromEntries(request.headers), await request.text()]
}

/** The secrets for a message. @throws {JobsError} `invalid_option` if the application's function returns none or invalid ones */
export async function secretsFor(secrets: Secrets | ((job: Job) => Secrets | Promise<Secrets>), job: Job): Promise<Secrets> {
  if (typeof secrets !== 'function') return secrets
  const found = await secrets(job)
  checkSecrets(found ?? [])
  return found
}
