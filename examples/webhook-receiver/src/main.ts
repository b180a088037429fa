import { randomBytes } from 'node:crypto'
import { listen } from './listen.ts'
import { createReceiver } from './receiver.ts'
import { createSender } from './sender.ts'

/** Known to the sender and the receiver, and to nobody else. */
const secret = `whsec_${randomBytes(32).toString('base64')}`

const receiver = await listen(
  createReceiver(secret, ({ id, type, data }) =>
    console.log(`received: ${type} ${data.links.self} ${JSON.stringify(data.result ?? data.error)} (${id})`),
  ),
  Number(process.env.RECEIVER_PORT ?? 3001),
)
const sender = await listen(createSender(secret, receiver.origin), Number(process.env.PORT ?? 3000))

console.log(`The receiver listens at ${receiver.origin}/webhooks, and prints here what it receives.`)
console.log(`curl -i -X POST ${sender.origin}/reports -H 'content-type: application/json' -d '{"month":"2026-10"}'`)
