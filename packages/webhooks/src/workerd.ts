import type { WebhookSender } from '@respond-async/core'
import { fetchTransport } from './fetch-transport'
import { createSender, type WebhooksOptions } from './sender'

export type { WebhooksOptions } from './sender'
export type { ReceivedWebhook, Secrets, WebhookEvent } from './signature'
export { verifyWebhook, WebhookError } from './signature'

/**
 * Sends the messages of jobs, signed by Standard Webhooks 1.0.0, to the origins in `allow`: Workers cannot look at the address behind a
 * name before they connect to it.
 *
 * @throws {JobsError} `invalid_option`
 */
export const webhooks = (options: WebhooksOptions): WebhookSender => createSender(fetchTransport, options)
