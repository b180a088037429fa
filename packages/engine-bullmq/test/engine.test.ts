import { readFileSync } from 'node:fs'
import { type JobMessage, JobsError } from '@respond-async/core'
import { bullmqEngine } from '@respond-async/engine-bullmq'
import { Queue } from 'bullmq'
import { Cluster, Redis } from 'ioredis'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { testEngine } from '../../../tests/engines/life'
import { addUser, hasRedisServer, startRedis } from '../../../tests/redis'

/** They kill their Redis, so it has to be theirs. */
describe.skipIf(!hasRedisServer)('on Redis', () => {
  testEngine({
    title: 'bullmqEngine',
    entry: new URL('process.ts', import.meta.url).pathname,
    variable: 'REDIS_URL',
    start: () => startRedis({ appendonly: true }),
    open: (url, queue) => bullmqEngine({ queue, connection: { url }, onError: () => {} }),
    async messages(url, name) {
      const queue = new Queue(name, { connection: { url } })
      const counts = await queue.getJobCounts()
      await queue.close()
      return Object.values(counts).reduce((sum, count) => sum + count, 0)
    },
    async size(url, queue) {
      const redis = new Redis(url)
      const keys = await redis.keys(`bull:${queue}:*`)
      redis.disconnect()
      // Those that are there while a worker is idle: what is delayed or active is an empty set, so no key.
      return keys.filter((key) => !/:(?:stalled-check|marker|stalled)$/.test(key)).length
    },
  })
})

describe.skipIf(!hasRedisServer)('a user with the rights that the README names', () => {
  it('hands over, runs, tries again and cancels, and may not touch what is not of the queue', async () => {
    const server = await startRedis()
    const admin = new Redis(server.url)
    onTestFinished(async () => {
      admin.disconnect()
      await server.stop()
    })
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
    const [sentence = ''] = /A user of Redis ACLs needs [\s\S]*?(?=\. )/.exec(readme) ?? []
    const rights = [...sentence.matchAll(/`([~+][^`]+)`/g)].flatMap(([, some = '']) => some.split(/\s+/))
    await addUser(server, rights)
    const url = server.url.replace('//', '//app:secret@')
    const errors: unknown[] = []
    const engine = bullmqEngine({ connection: { url }, onError: (error) => errors.push(error) })
    onTestFinished(() => engine.stop?.(5_000) as Promise<void>)
    const runs: string[] = []
    await engine.start?.(async ({ id }, { signal } = {}) => {
      runs.push(id)
      if (id === 'again' && runs.filter((one) => one === id).length === 1) return { kind: 'retry', delayMs: 50 }
      if (id === 'long') await new Promise((resolve) => signal?.addEventListener('abort', resolve))
      return { kind: 'done' }
    })
    const message = (id: string): JobMessage => ({ v: 1, id, operation: 'work', dispatch: 1 })
    for (const id of ['once', 'again', 'long']) await engine.dispatch(message(id), { delayMs: 0 })
    await engine.dispatch(message('later'), { delayMs: 60_000 })
    await vi.waitFor(() => expect(runs.toSorted()).toEqual(['again', 'again', 'long', 'once']), { timeout: 10_000 })
    await engine.cancel?.('later', 1)
    await engine.cancel?.('long', 1)
    const left = new Queue('respond-async', { connection: { url: server.url } })
    onTestFinished(() => left.close())
    await vi.waitFor(async () => expect(Object.values(await left.getJobCounts()).every((count) => count === 0)).toBe(true), {
      timeout: 10_000,
    })
    expect(errors).toEqual([])
    expect(await admin.call('ACL', 'LOG')).toEqual([])
    const user = new Redis(url)
    for (const command of ['FLUSHALL', 'KEYS *', 'GET other']) {
      const [name = '', ...args] = command.split(' ')
      await expect(user.call(name, ...args), command).rejects.toThrow('NOPERM')
    }
    user.disconnect()
  }, 30_000)
})

describe('bullmqEngine', () => {
  it.each([
    ['a name with a colon', { queue: 'a:b', connection: {} }, /queue must be a name without colons/],
    ['an empty name', { queue: '', connection: {} }, /queue must be a name without colons/],
    [
      'an option that there is not',
      { connection: {}, concurency: 2 },
      /^bullmqEngine: concurency is not an option; options of BullMQ's Worker/,
    ],
    ['no concurrency', { connection: {}, concurrency: 0 }, /concurrency must be a whole number from 1/],
    ['half a job at once', { connection: {}, concurrency: 1.5 }, /concurrency must be a whole number from 1/],
    ['no connection', { connection: undefined as never }, /connection is missing/],
    ['null as its connection', { connection: null as never }, /connection is missing/],
    ['nothing at all', undefined as never, /connection is missing, for example \{ url: "redis:/],
    ['a URL', 'redis://127.0.0.1' as never, /connection is missing, for example \{ url: "redis:/],
    ['a URL as its connection', { connection: 'redis://127.0.0.1' as never }, /connection is missing, for example \{ url: "redis:/],
    ['a connection', new Cluster([{ port: 1 }], { lazyConnect: true }) as never, /connection is missing, for example \{ url: "redis:/],
  ])('refuses %s at set-up', (_what, options, message) => {
    expect(() => bullmqEngine(options)).toThrow(JobsError)
    expect(() => bullmqEngine(options)).toThrow(message)
  })

  it('wants a hash tag for a Cluster, at set-up', () => {
    const connection = new Cluster([{ port: 1 }], { lazyConnect: true })
    expect(() => bullmqEngine({ connection })).toThrow(/put the prefix in braces/)
    expect(() => bullmqEngine({ connection, prefix: '{}' })).toThrow(/put the prefix in braces/)
    expect(bullmqEngine({ connection, prefix: '{bull}' }).capabilities.remote).toBe(true)
    expect(bullmqEngine({ connection, queue: '{jobs}' }).capabilities.remote).toBe(true)
  })

  it('promises delays, and cancels that reach other processes', () => {
    const { capabilities } = bullmqEngine({ connection: {} })
    expect(capabilities).toEqual({ durable: true, remote: true, maxRunMs: null, delay: true, cancel: 'remote' })
  })

  it('connects to nothing before it is used', async () => {
    const errors: unknown[] = []
    const engine = bullmqEngine({ connection: { port: 1 }, onError: (error) => errors.push(error) })
    await engine.stop?.(1_000)
    await engine.cancel?.('a', 1)
    expect(errors).toEqual([])
    await expect(engine.dispatch({ v: 1, id: 'a', operation: 'b', dispatch: 1 }, { delayMs: 0 })).rejects.toMatchObject({
      code: 'draining',
      message: 'This engine was stopped.',
    })
  })
})
