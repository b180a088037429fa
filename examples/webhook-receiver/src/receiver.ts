import { verifyWebhook, WebhookError, type WebhookEvent } from '@respond-async/webhooks'
import express, { type Express } from 'express'

/** A service that is told: verifies, remembers what it has seen, answers at once, and works on it after that. */
export function createReceiver(secret: string, handle: (event: WebhookEvent) => void): Express {
  const app = express()
  const seen = new Set<string>() // a real one keeps this where it keeps its data

  // The signature is of the bytes as they came, so nothing may parse them before.
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
