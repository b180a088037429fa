/** Submits reports and waits for their webhooks; exits non-zero if anything differs from the README. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { WebhookEvent } from '@respond-async/webhooks'
import { type Listening, listen } from './listen.ts'
import { createReceiver } from './receiver.ts'
import { createSender } from './sender.ts'

const secret = `whsec_${randomBytes(32).toString('base64')}`
const told: WebhookEvent[] = []
let heard = () => {}
const next = () =>
  new Promise<void>((resolve) => {
    heard = resolve
  })

let receiver = await listen(
  createReceiver(secret, (event) => {
    told.push(event)
    heard()
  }),
)
const { origin, server } = await listen(createSender(secret, receiver.origin, [100, 100, 100, 100, 100, 100, 100, 100, 100, 100]))
const close = ({ server }: Pick<Listening, 'server'>) =>
  new Promise<void>((resolve) => {
    server.closeAllConnections()
    server.close(() => resolve())
  })

const submit = async (body: object, headers: Record<string, string> = {}) => {
  const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) }
  return fetch(`${origin}/reports`, init)
}

try {
  const [first, accepted] = await Promise.all([next(), submit({ month: '2026-10' })])
  equal(first, undefined)
  equal(accepted.status, 202)
  const { id } = (await accepted.json()) as { id: string }
  equal(told[0]?.type, 'job.succeeded')
  equal(told[0]?.id, `msg_${id}`)
  deepEqual(told[0]?.data.result, { month: '2026-10', flights: 4711 })

  await Promise.all([next(), submit({ fail: true })])
  equal(told[1]?.type, 'job.failed')
  equal(told[1]?.data.error?.code, 'error_response')

  // The receiver is away when the report is ready, and is told once it is back.
  const { port } = new URL(receiver.origin)
  const app = createReceiver(secret, (event) => {
    told.push(event)
    heard()
  })
  await close(receiver)
  const missed = createServer((_, res) => void res.writeHead(503).end()).listen(Number(port), '127.0.0.1')
  const refused = new Promise<void>((resolve) => missed.once('request', () => resolve()))
  const late = (await (await submit({ month: '2026-11' })).json()) as { id: string }
  await refused
  await close({ server: missed })
  const told3 = next()
  receiver = await listen(app, Number(port))
  await told3
  equal(told[2]?.data.id, late.id)

  // A message that was not signed with the secret is rejected; a target that is not allowed is refused before there is a job.
  const forged = await fetch(`${receiver.origin}/webhooks`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })
  equal(forged.status, 401)
  const hostile = await submit({}, { prefer: 'callback; url="http://169.254.169.254/latest/meta-data"' })
  equal(hostile.status, 400)
  equal(((await hostile.json()) as { code: string }).code, 'webhook-refused')
  ok(told.length === 3)
  console.log('examples/webhook-receiver: told of a report, of a failure, and of a report that was ready while the receiver was away')
} finally {
  await close({ server })
  await close(receiver)
}
process.exit()
