import { verifyWebhook, WebhookError, type WebhookEvent } from '@respond-async/webhooks'
import express, { type Express } from 'express'

/** A service that receives webhooks: it verifies each message, answers at once, and then handles it, once for each id. */
export function createReceiver(secret: string, handle: (event: WebhookEvent) => void): Express {
  const app = express()
  const seen = new Set<string>() // a real service keeps this in its database

  // The signature covers the bytes as they came, so no parser may touch them first.
  app.post('/webhooks', express.text({ type: 'application/json', limit: '1mb' }), async (req, res) => {
    try {
      const event = await verifyWebhook({ headers: req.headers, body: req.body ?? '' }, secret)
      const isNew = !seen.has(event.id)
      seen.add(event.id)
      res.sendStatus(204)
      if (isNew) handle(event)
    } catch (error) {
      if (!(error instanceof WebhookError)) throw error
      res.sendStatus(401)
    }
  })
  return app
}
