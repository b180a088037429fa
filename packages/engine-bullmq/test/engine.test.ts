import { JobsError } from '@respond-async/core'
import { bullmqEngine } from '@respond-async/engine-bullmq'
import { Queue } from 'bullmq'
import { Cluster, Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { testEngine } from '../../../tests/engines/life'
import { hasRedisServer, startRedis } from '../../../tests/redis'

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

describe('bullmqEngine', () => {
  it.each([
    ['a name with a colon', { queue: 'a:b', connection: {} }, /queue must be a name without colons/],
    ['an empty name', { queue: '', connection: {} }, /queue must be a name without colons/],
    ['no concurrency', { connection: {}, concurrency: 0 }, /concurrency must be a whole number from 1/],
  ])('refuses %s at set-up', (_what, options, message) => {
    expect(() => bullmqEngine(options)).toThrow(JobsError)
    expect(() => bullmqEngine(options)).toThrow(message)
  })

  it('wants a hash tag for a Cluster, at set-up', () => {
    const connection = new Cluster([{ port: 1 }], { lazyConnect: true })
    expect(() => bullmqEngine({ connection })).toThrow(/put the prefix in braces/)
    expect(bullmqEngine({ connection, prefix: '{bull}' }).capabilities.remote).toBe(true)
    expect(bullmqEngine({ connection, queue: '{jobs}' }).capabilities.remote).toBe(true)
  })

  it('connects to nothing before it is used', async () => {
    const errors: unknown[] = []
    const engine = bullmqEngine({ connection: { port: 1 }, onError: (error) => errors.push(error) })
    await engine.stop?.(1_000)
    expect(errors).toEqual([])
    await expect(engine.dispatch({ v: 1, id: 'a', operation: 'b', dispatch: 1 }, { delayMs: 0 })).rejects.toThrow('stopped')
  })
})
