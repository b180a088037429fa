import type { WebhookSender } from '@respond-async/core'
import { type Lookup, nodeTransport } from './node-transport'
import { createSender, type WebhooksOptions } from './sender'

export type { Lookup } from './node-transport'
export type { WebhooksOptions } from './sender'
export type { ReceivedWebhook, Secrets, WebhookEvent } from './signature'
export { verifyWebhook, WebhookError } from './signature'

/**
 * Sends the messages of jobs, signed by Standard Webhooks 1.0.0, to https URLs with public addresses.
 *
 * @param lookup how names are looked up; the system's way unless given
 * @throws {JobsError} `invalid_option`
 */
export const webhooks = (options: WebhooksOptions, lookup?: Lookup): WebhookSender => createSender(nodeTransport(lookup), options)
