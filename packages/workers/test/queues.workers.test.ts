import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test'
import { env, exports } from 'cloudflare:workers'
import type { Job, JobMessage } from '@respond-async/core'
import { describe, expect, it, vi } from 'vitest'
import { durableObjectStore } from '../src/durable-object'
import { cloudflareQueue, queueConsumer } from '../src/queues'
import { consume, queueErrors, queueJobs } from './queue-jobs'

interface Document {
  id: string
  status: string
  attempt?: number
  result?: unknown
  error?: { code: string }
  links: { self: string }
}

const ask = (path: string, init?: RequestInit) => exports.default.fetch(new Request(`https://example.com${path}`, init))
const submit = async (plan: object = {}) => {
  const response = await ask('/queued', { method: 'POST', body: JSON.stringify(plan) })
  expect(response.status).toBe(202)
  return (await response.json()) as Document
}
/** What is stored: it repairs nothing, as a read of the status would. */
const until = (id: string, state: string) =>
  vi.waitUntil(
    async () => {
      const job = await queueJobs.get(id)
      return job?.status === state && job
    },
    { timeout: 20_000, interval: 10 },
  )
const store = durableObjectStore(env.QUEUED)
const message = (id: string, more: Partial<JobMessage> & { notBefore?: number } = {}) => ({
  ...{ v: 1, id, operation: 'queued', dispatch: 1 },
  ...more,
})
/** Calls a consumer with these messages, as the platform does. */
const deliverAt =
  (attempts: number) =>
  async (consumer: ExportedHandlerQueueHandler<Cloudflare.Env>, ...bodies: unknown[]) => {
    const batch = createMessageBatch(
      'jobs',
      bodies.map((body, n) => ({ id: `${n}`, timestamp: new Date(), attempts, body })),
    )
    // The result names no delays.
    const delays = new Map(batch.messages.map((one) => [one.id, vi.spyOn(one, 'retry')]))
    const ctx = createExecutionContext()
    await consumer(batch, env, ctx)
    const { explicitAcks, retryMessages } = await getQueueResult(batch, ctx)
    return { acked: explicitAcks, retried: retryMessages.map(({ msgId }) => [msgId, delays.get(msgId)?.mock.calls[0]?.[0]?.delaySeconds]) }
  }
const deliver = deliverAt(3)

describe('a job that is handed over through a Queue', () => {
  it('runs in the consumer, on the stored request, with its env and ctx', async () => {
    const job = await submit()
    expect(job.status).toBe('queued')
    const { result } = await until(job.id, 'succeeded')
    expect(JSON.parse(result ?? '')).toEqual({ attempt: 1, has: [true, 'function'] })
  })

  it('is retried by its message', async () => {
    const job = await submit({ failures: 2 })
    expect((await until(job.id, 'succeeded')).attempt).toBe(3)
  })

  it('starts no sooner than asked for', async () => {
    const before = Date.now()
    const { id } = await queueJobs.submit('queued', {}, { delayMs: 1_000 })
    const job = await until(id, 'succeeded')
    expect(job.startedAt ?? 0).toBeGreaterThanOrEqual(before + 1_000)
    expect(job.dispatch).toBe(1)
  })

  it('hears of a cancellation with its next heartbeat', async () => {
    const job = await submit({ gate: 'never' })
    await until(job.id, 'running')
    expect((await ask(job.links.self, { method: 'DELETE' })).status).toBe(202)
    await until(job.id, 'canceled')
  })

  it('is handed over again by its alarm where its message was lost', async () => {
    const { id } = await queueJobs.submit('queued', {}, { delayMs: 60_000 })
    const job = (await store.get(id, 'head')) as Job
    await store.replace({ ...job, version: 2, scheduledAt: undefined, dueAt: Date.now() })
    expect((await until(id, 'succeeded')).dispatch).toBe(2)
  })
})

describe('the consumer', () => {
  it('acknowledges what is over, what another worker has and what nobody knows', async () => {
    const { id } = await submit()
    await until(id, 'succeeded')
    expect(await deliver(consume, message(id), message(id, { dispatch: 7 }), message('unknown'))).toEqual({
      acked: ['0', '1', '2'],
      retried: [],
    })
  })

  it('drops and reports what is no message of a job', async () => {
    queueErrors.length = 0
    const wrong = [
      null,
      'x',
      {},
      message('a', { v: 2 as 1 }),
      message(7 as never),
      message('a', { operation: undefined as never }),
      message('a', { dispatch: 'x' as never }),
      message('a', { notBefore: 'x' as never }),
    ]
    expect(await deliver(consume, ...wrong)).toEqual({ acked: wrong.map((_, n) => `${n}`), retried: [] })
    expect(queueErrors.map(String)).toEqual(wrong.map((_, n) => `TypeError: Message ${n} is not a job's message; it was dropped.`))
  })

  it('retries a run that threw, later and later, and the others are settled for themselves', async () => {
    queueErrors.length = 0
    const { id } = await submit()
    await until(id, 'succeeded')
    const broken = {
      run: (one: JobMessage) => (one.id === id ? queueJobs.run(one) : Promise.reject(new Error('down'))),
    } as unknown as typeof queueJobs
    const consumer = queueConsumer<Cloudflare.Env>(() => broken, { onError: (error) => queueErrors.push(error) })
    expect(await deliver(consumer, message('a'), message(id))).toEqual({ acked: ['1'], retried: [['0', 20]] })
    expect(queueErrors.map(String)).toEqual(['Error: down'])
    expect(await deliverAt(100)(consumer, message('a'))).toEqual({ acked: [], retried: [['0', 3_600]] })
  })

  it('settles all messages of a batch, also where onError throws', async () => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => {})
    const thrown = new Error('of onError')
    const { id } = await queueJobs.submit('queued', {}, { delayMs: 86_400_000 })
    const run: typeof queueJobs.run = (one, options) => (one.id === id ? queueJobs.run(one, options) : Promise.reject(new Error('down')))
    const consumer = queueConsumer<Cloudflare.Env>(
      { ...queueJobs, run },
      {
        onError() {
          throw thrown
        },
      },
    )
    expect(await deliver(consumer, 'x', message('a'), message(id))).toEqual({ acked: ['0', '2'], retried: [['1', 20]] })
    expect((await queueJobs.get(id))?.status).toBe('succeeded')
    expect(said.mock.calls).toEqual([
      ['respond-async: queue: onError:', thrown],
      ['respond-async: queue: onError:', thrown],
    ])
    said.mockRestore()
  })

  it('retries a job whose handler this Worker does not have', async () => {
    const { id } = await queueJobs.submit('queued', {}, { delayMs: 86_400_000 })
    expect(await deliver(consume, message(id, { operation: 'elsewhere' }))).toEqual({ acked: [], retried: [['0', 30]] })
    expect(await deliver(consume, message('nobody', { operation: 'elsewhere' }))).toEqual({ acked: ['0'], retried: [] })
  })

  it('sends on what starts more than 12 hours later, and does not run it', async () => {
    const sent: unknown[] = []
    const queue = { send: async (body: unknown, options: unknown) => sent.push([body, options]) }
    const day = 86_400_000
    const engine = cloudflareQueue({ queue })
    const { id } = await queueJobs.submit('queued', {}, { delayMs: day })
    await engine.dispatch({ v: 1, id, operation: 'queued', dispatch: 1 }, { delayMs: day })
    const [[body, options]] = sent as [[{ notBefore: number }, unknown]]
    expect(options).toEqual({ contentType: 'json', delaySeconds: 43_200 })
    expect(body.notBefore).toBeGreaterThan(Date.now() + day - 60_000)
    expect(await deliver(queueConsumer(queueJobs, { queue }), body)).toEqual({ acked: ['0'], retried: [] })
    expect(sent[1]).toEqual([body, options])
    expect(await deliver(queueConsumer(queueJobs), body)).toEqual({ acked: [], retried: [['0', 43_200]] })
    expect((await queueJobs.get(id))?.status).toBe('queued')
    expect(await deliver(queueConsumer(queueJobs), { ...body, notBefore: Date.now() - 1 })).toEqual({ acked: ['0'], retried: [] })
    expect((await queueJobs.get(id))?.status).toBe('succeeded')
  })

  it('keeps a message that it could not send on', async () => {
    queueErrors.length = 0
    const queue = { send: () => Promise.reject(new Error('no queue')) }
    const consumer = queueConsumer(queueJobs, { queue, onError: (error) => queueErrors.push(error) })
    expect(await deliver(consumer, message('a', { notBefore: Date.now() + 60_000 }))).toEqual({ acked: [], retried: [['0', 20]] })
    expect(queueErrors.map(String)).toEqual(['Error: no queue'])
  })
})

describe('the engine', () => {
  it('names a run that ends within the 15 minutes of a consumer as the longest', () => {
    const { capabilities } = cloudflareQueue({ queue: env.QUEUE })
    expect(capabilities).toEqual({ durable: true, remote: true, maxRunMs: 870_000, delay: true, cancel: 'none' })
  })

  it.each([
    [0, 0],
    [1, 1],
    [1_001, 2],
    [43_200_000, 43_200],
  ])('delays a message in whole seconds, never too short: %i ms, %i s', async (delayMs, delaySeconds) => {
    const send = vi.fn(async () => {})
    await cloudflareQueue({ queue: { send } }).dispatch({ v: 1, id: 'a', operation: 'queued', dispatch: 3 }, { delayMs })
    expect(send.mock.calls).toEqual([[message('a', { dispatch: 3 }), { contentType: 'json', delaySeconds }]])
  })

  it('says what to do when the binding is missing', () => {
    expect(() => cloudflareQueue({ queue: undefined as never })).toThrow(/wrangler\.jsonc/)
    expect(() => cloudflareQueue(env.QUEUE as never)).toThrow('cloudflareQueue({ queue: env.QUEUE })')
    expect(() => cloudflareQueue({ QUEUE: env.QUEUE } as never)).toThrow('cloudflareQueue({ queue: env.QUEUE })')
    expect(() => cloudflareQueue({ queue: env.QUEUE, delay: 5 } as never)).toThrow('cloudflareQueue: delay is not an option')
    expect(() => queueConsumer(queueJobs, { onerror() {} } as never)).toThrow('queueConsumer: onerror is not an option')
    expect(() => queueConsumer(undefined as never)).toThrow('queueConsumer needs the jobs that createJobs() returned')
  })
})
