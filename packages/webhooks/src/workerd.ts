import type { WebhookSender } from '@respond-async/core'
import { fetchTransport } from './fetch-transport'
import { createSender, type WebhooksOptions } from './sender'

export type { WebhooksOptions } from './sender'
export type { ReceivedWebhook, Secrets, WebhookEvent } from './signature'
export { verifyWebhook, WebhookError } from './signature'

/**
 * Makes the `webhooks` option of `createJobs`: sends messages, signed by Standard Webhooks 1.0.0, only to the origins in `allow`, because
 * Workers cannot check the address of a host name before they connect.
 *
 * @throws {JobsError} `invalid_option`
 */
export const webhooks = (options: WebhooksOptions): WebhookSender => createSender(fetchTransport, options)
