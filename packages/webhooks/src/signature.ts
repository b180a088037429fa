import { type Job, JobsError, type Json, type StatusDocument, type WebhookType } from '@respond-async/core'
import { Webhook } from 'standardwebhooks'

/** Secrets by age, the newest first: a message is signed with each, so that receivers may change over in their own time. */
export type Secrets = readonly string[]

/** The secrets of Standard Webhooks are 24 to 64 bytes in base64, behind `whsec_`. @throws {JobsError} `invalid_option` */
export function checkSecrets(secrets: Secrets): void {
  if (secrets.length === 0) throw invalid('give it at least one secret')
  for (const secret of secrets) {
    const [, encoded = ''] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret) ?? []
    const bytes = Math.floor((encoded.replaceAll('=', '').length * 3) / 4)
    if (bytes < 24 || bytes > 64) throw invalid('a secret must be "whsec_" and 24 to 64 random bytes in base64')
  }
}
export const invalid = (what: string): JobsError => new JobsError('invalid_option', `webhooks: ${what}`)

/** The fields of a message (Standard Webhooks 1.0.0, "Webhook headers"). */
export function signedFields(secrets: Secrets, id: string, at: Date, body: string): Record<string, string> {
  const signatures = secrets.map((secret) => new Webhook(secret).sign(id, at, body))
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': `${Math.floor(at.getTime() / 1000)}`,
    'webhook-signature': signatures.join(' '),
  }
}

/** A message as its receiver has it: a `Request`, or its fields and the bytes of its body as they came. */
export type ReceivedWebhook =
  | Pick<Request, 'headers' | 'text'>
  | { readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>; readonly body: string | Uint8Array }

/** What a receiver is told. */
export interface WebhookEvent {
  /** The same at every try: a receiver that has seen it has seen the message. */
  readonly id: string
  readonly type: WebhookType
  /** When the job ended, RFC 3339. */
  readonly timestamp: string
  readonly data: StatusDocument & { readonly result?: Json }
}

/** A message that was not signed with any of the secrets, or not within five minutes, or is none at all. */
export class WebhookError extends Error {
  override readonly name = 'WebhookError'
  readonly code = 'unverified'
}

/**
 * Verifies a message and reads it. Give it the body as it came, not what a parser has made of it.
 *
 * @param secrets the one that the sender has, or several while it is being changed
 * @throws {WebhookError} `unverified`: answer 401, and do nothing
 */
export async function verifyWebhook(received: ReceivedWebhook, secrets: string | Secrets): Promise<WebhookEvent> {
  const [headers, body] = 'text' in received ? await readRequest(received) : [received.headers, received.body]
  const fields: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) fields[name.toLowerCase()] = String(value)
  let cause: unknown
  for (const secret of [secrets].flat()) {
    try {
      const message = new Webhook(secret).verify(typeof body === 'string' ? body : new TextDecoder().decode(body), fields)
      return { id: fields['webhook-id'] as string, ...(message as Omit<WebhookEvent, 'id'>) } // whoever has the secret made it
    } catch (error) {
      cause = error
    }
  }
  throw new WebhookError('The webhook could not be verified.', { cause })
}

async function readRequest(request: Pick<Request, 'headers' | 'text'>): Promise<[Record<string, string>, string]> {
  return [Object.fromEntries(request.headers), await request.text()]
}

/** The secrets for a message. @throws {JobsError} `invalid_option` where it would go out unsigned, or badly signed. */
export async function secretsFor(secrets: Secrets | ((job: Job) => Secrets | Promise<Secrets>), job: Job): Promise<Secrets> {
  if (typeof secrets !== 'function') return secrets
  const found = await secrets(job)
  checkSecrets(found ?? [])
  return found
}
