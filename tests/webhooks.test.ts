import type { Job } from '@respond-async/core'
import { verifyWebhook } from '@respond-async/webhooks'
import { afterAll, expect, test, vi } from 'vitest'
import { SECRET, startReceiver } from '../packages/webhooks/test/receiver'
import { startWorkerd } from './workerd'

const answers = [204, 503, 204]
const receiver = await startReceiver((res, count) => void res.writeHead(answers[count - 1] ?? 204).end())
const bindings = { RECEIVER: receiver.url, SECRET }
const workerd = await startWorkerd(new URL('workers/webhooks.ts', import.meta.url), { objects: { JOBS: 'JobObject' }, bindings })
afterAll(async () => {
  await workerd.close()
  await receiver.close()
})

const submit = (path: string, headers: Record<string, string> = {}) => fetch(`${workerd.url}${path}`, { method: 'POST', headers })
const stored = async (id: string) => (await (await fetch(`${workerd.url}/?id=${id}`)).json()) as Job
const logOf = async (answer: Response, tries: number) => {
  const { id } = (await answer.json()) as { id: string }
  const job = await vi.waitUntil(
    async () => {
      const now = await stored(id)
      return now.webhook?.log.length === tries && now
    },
    { timeout: 20_000, interval: 50 },
  )
  return job.webhook?.log.map(({ status }) => status)
}

test('in workerd a webhook is sent under waitUntil, and tried again under the alarm of its object', async () => {
  expect(await logOf(await submit('/report'), 1)).toEqual([204])
  expect(await logOf(await submit('/report'), 2)).toEqual([503, 204])
  expect(receiver.arrived).toHaveLength(3)
  for (const message of receiver.arrived) expect(await verifyWebhook(message, SECRET)).toMatchObject({ data: { result: { rows: 7 } } })
}, 60_000)

test('in workerd nothing is sent but to origins that are allowed', async () => {
  const answer = await submit('/named', { prefer: 'callback; url="https://example.com/"' })
  expect([answer.status, await answer.json()]).toMatchObject([400, { code: 'webhook-refused' }])
  const { origin } = new URL(receiver.url)
  expect((await submit('/named', { prefer: `callback; url="${origin}/mine"` })).status).toBe(202)
})
