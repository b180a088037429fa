import type { WebhookSender } from '@respond-async/core'
import { type Lookup, nodeTransport } from './node-transport'
import { createSender, type WebhooksOptions } from './sender'

export type { Lookup } from './node-transport'
export type { WebhooksOptions } from './sender'
export type { ReceivedWebhook, Secrets, WebhookEvent } from './signature'
export { verifyWebhook, WebhookError } from './signature'

/**
 * Makes the `webhooks` option of `createJobs`: sends messages, signed by Standard Webhooks 1.0.0, to https URLs with public addresses.
 *
 * @param lookup resolves host names; by default as the system does
 * @throws {JobsError} `invalid_option`
 */
export const webhooks = (options: WebhooksOptions, lookup?: Lookup): WebhookSender => createSender(nodeTransport(lookup), options)
