import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createJobs, type Jobs, memoryStore, type WebhookReply, type WebhookSender } from '../src/index'
import { sharedStore } from './service'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const tick = () => vi.advanceTimersByTimeAsync(10)

/** A sender whose messages are answered when the test says so. */
function heldSender() {
  const sent: { readonly origin: string; readonly id: string; answer(reply?: WebhookReply): Promise<unknown> }[] = []
  const sender: WebhookSender = {
    retryMs: [1_000],
    refusal: () => undefined,
    check: async () => undefined,
    send: ({ url, job }) =>
      new Promise((resolve) => {
        const answer = (reply: WebhookReply = { status: 204 }) => {
          resolve(reply)
          return tick()
        }
        sent.push({ origin: new URL(url).hostname, id: job.id, answer })
      }),
  }
  return { sent, sender, origins: () => sent.map(({ origin }) => origin) }
}

/** Jobs that end one after the other, each told to a receiver of this name. */
async function endedFor(jobs: Jobs<never>, ...receivers: readonly string[]): Promise<string[]> {
  const ids: string[] = []
  for (const name of receivers) {
    ids.push((await jobs.submit('report', {}, { webhook: `https://${name}/` })).id)
    await tick()
  }
  return ids
}

function service(webhooks: WebhookSender, store = memoryStore()) {
  const jobs = createJobs({ webhooks, store, sweepMs: 0 })
  jobs.define('report', {}, async () => ({ status: 200, headers: {}, body: null }))
  return jobs
}

test('eight messages at once go to one origin, 64 in all; a receiver that hangs holds up no other', async () => {
  const { sent, sender, origins } = heldSender()
  const jobs = service(sender)
  await endedFor(jobs, ...Array(10).fill('slow'))
  expect(sent).toHaveLength(8)
  const others = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
  await endedFor(jobs, ...others.flatMap((name) => Array(8).fill(name)), 'late')
  for (const name of ['slow', ...others]) expect(origins().filter((origin) => origin === name)).toHaveLength(8)
  expect(sent).toHaveLength(64)
  await sent[8]?.answer()
  expect(origins().slice(64)).toEqual(['late'])
})

test('what waits for room goes in turn: one of each origin, and not all of the first', async () => {
  const { sent, sender, origins } = heldSender()
  const jobs = service(sender)
  const full = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].flatMap((name) => Array(8).fill(name))
  await endedFor(jobs, ...full, 'first', 'first', 'second', 'first', 'second')
  expect(sent).toHaveLength(64)
  for (const one of sent.slice(0, 5)) await one.answer()
  expect(origins().slice(64)).toEqual(['first', 'second', 'first', 'second', 'first'])
})

test('what another process has begun to tell of meanwhile is left to it, and holds up nothing that waits behind it', async () => {
  const { sent, sender } = heldSender()
  const store = sharedStore()
  const jobs = service(sender, store)
  const ids = await endedFor(jobs, ...Array(10).fill('slow'))
  const job = await store.get(ids[8] ?? '', 'full')
  if (!job?.webhook) throw new Error('no webhook')
  await store.replace({ ...job, version: job.version + 1, webhook: { ...job.webhook, attempts: 1, nextAt: Date.now() + 60_000 } })
  await sent[0]?.answer()
  expect(sent.map(({ id }) => id)).toEqual([...ids.slice(0, 8), ids[9]])
})

test('a try that is not heard of for a minute is made again, and takes no room', async () => {
  const { sent, sender } = heldSender()
  const jobs = service(sender)
  const ids = await endedFor(jobs, ...Array(8).fill('slow'))
  await vi.advanceTimersByTimeAsync(59_000)
  await jobs.sweep()
  await tick()
  expect(sent).toHaveLength(8)
  await vi.advanceTimersByTimeAsync(1_000)
  await jobs.sweep()
  await tick()
  expect(sent.slice(8).map(({ id }) => id)).toEqual(ids)
})

test('what waits when the process stops is left to the next one', async () => {
  const { sent, sender } = heldSender()
  const store = sharedStore()
  const jobs = service(sender, store)
  const ids = await endedFor(jobs, ...Array(9).fill('slow'))
  const stopping = jobs.stop({ drainMs: 100 })
  await vi.advanceTimersByTimeAsync(100)
  await stopping
  await sent[0]?.answer()
  expect(sent).toHaveLength(8)
  const next = heldSender()
  const after = service(next.sender, store)
  await vi.advanceTimersByTimeAsync(5_000)
  await after.sweep()
  await tick()
  expect(next.sent.map(({ id }) => id)).toEqual([ids[8]])
})
