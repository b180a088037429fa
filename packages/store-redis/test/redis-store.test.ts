import { createServer, type Socket } from 'node:net'
import { type Job, type JobEvent, type JobStore, memoryStore } from '@respond-async/core'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { hasRedisServer, type RedisServer, startRedis } from '../../../tests/redis'
import { redisStore } from '../src'
import { startRest, upstash } from './clients'

const T0 = Date.now()
const DAY = 86_400_000
const job = (id: string, more: Partial<Job> = {}): Job => ({
  ...{ id, version: 1, revision: 1, operation: 'report', owner: 'ann', status: 'queued', createdAt: T0, updatedAt: T0, dueAt: T0 + 60_000 },
  ...{ attempt: 0, maxAttempts: 1, dispatch: 1, request: null, response: null, requestBody: null, responseBody: null },
  ...more,
})
const next = (before: Job, more: Partial<Job> = {}): Job => ({ ...before, version: before.version + 1, ...more })
const finished = (before: Job, more: Partial<Job> = {}): Job =>
  next(before, { status: 'succeeded', finishedAt: T0, expiresAt: T0 + 5_000, dueAt: T0 + 5_000, ...more })
const event = (version: number): JobEvent => ({ version, at: T0, type: 'x', status: 'queued', attempt: 0 })
const claimOf = (of: Job): Partial<Job> => ({
  ...{ version: of.version + 1, status: 'running', attempt: of.attempt + 1, startedAt: T0, dueAt: T0 + 30_000 },
  ...{ timeoutAt: T0 + 60_000, revision: of.revision + 1, updatedAt: T0 + 1 },
})

describe.skipIf(!hasRedisServer)('a Redis of its own', () => {
  let server: RedisServer
  let redis: Redis
  let store: JobStore
  const opened: JobStore[] = []
  const open = (client: Parameters<typeof redisStore>[0]['client'], more: Partial<Parameters<typeof redisStore>[0]> = {}) => {
    const made = redisStore({ client, ...more })
    opened.push(made)
    return made
  }
  beforeAll(async () => {
    server = await startRedis()
    redis = new Redis(server.url)
  })
  beforeEach(async () => {
    await redis.flushall()
    store = open(redis, { maxEvents: 10 })
  })
  afterEach(async () => {
    for (const one of opened.splice(0)) await one.close?.()
  })
  afterAll(async () => {
    redis.disconnect()
    await server.stop()
  })
  const keys = async () => (await redis.keys('*')).sort()

  describe('claim', () => {
    const bytes = new Uint8Array([0, 255, 128])
    const first = job('a', { requestBody: bytes, meta: { list: [], large: 2 ** 53 - 1 }, timeoutAt: 5, idempotencyKey: 'k' })

    it.each(['ioredis', 'node-redis', 'REST'])('takes a job with its bodies, and shows a late one who has it: %s', async (which) => {
      const node = createClient({ url: server.url })
      await node.connect()
      const rest = await startRest(server.url)
      const client = which === 'ioredis' ? redis : which === 'node-redis' ? node : (await upstash(rest.url)).client
      const mine = open(client, { maxEvents: 10 })
      await mine.insert(first, [event(1)])
      const changes = claimOf(first)
      expect(await mine.claim?.('a', 1, changes, [event(2)])).toEqual({ claimed: true, job: { ...first, ...changes } })
      expect(await mine.claim?.('a', 1, { ...changes, attempt: 9 }, [event(2)])).toEqual({ claimed: false, job: { ...first, ...changes } })
      expect(await mine.claim?.('b', 1, changes)).toEqual({ claimed: false, job: null })
      expect(await mine.get('a', 'full')).toEqual({ ...first, ...changes })
      expect(await mine.get('a', 'head')).toEqual({ ...first, ...changes, requestBody: undefined, responseBody: undefined })
      expect((await mine.events?.('a', 0, 10))?.events).toEqual([event(1), event(2)])
      node.destroy()
      await rest.stop()
    })
    it('clears members that are undefined, moves the job in the indexes, and again after the next write', async () => {
      await store.insert(first)
      const changes = { ...claimOf(first), dueAt: null, timeoutAt: undefined, percentComplete: undefined }
      await store.claim?.('a', 1, changes)
      const claimed = await store.get('a', 'full')
      expect(claimed).toEqual({ ...first, ...changes })
      expect(Object.keys(claimed ?? {})).not.toContain('timeoutAt')
      expect(await store.due?.(T0 + DAY, 10)).toEqual([])
      expect((await store.list?.({ owner: 'ann', status: 'running', limit: 10 }))?.jobs.map(({ id }) => id)).toEqual(['a'])
      expect((await store.list?.({ owner: 'ann', status: 'queued', limit: 10 }))?.jobs).toEqual([])
      const back = next({ ...first, version: 2 }, { dueAt: T0 + 9 })
      expect(await store.replace(back)).toEqual({ replaced: true })
      expect(await store.get('a', 'full')).toEqual(back)
      expect((await store.due?.(T0 + DAY, 10))?.map(({ dueAt }) => dueAt)).toEqual([T0 + 9])
      expect((await store.list?.({ owner: 'ann', status: 'running', limit: 10 }))?.jobs).toEqual([])
    })
    it('lets one of many win', async () => {
      await store.insert(first)
      const answers = await Promise.all(
        Array.from({ length: 30 }, (_, n) => store.claim?.('a', 1, { ...claimOf(first), updatedAt: T0 + n })),
      )
      expect(answers.filter((answer) => answer?.claimed)).toHaveLength(1)
      expect(new Set(answers.map((answer) => answer?.job?.updatedAt)).size).toBe(1)
    })
  })

  describe('a command that the client sends again because its reply was lost', () => {
    it.each(['ioredis', 'REST'])('is answered as it was the first time: %s', async (which) => {
      const rest = await startRest(server.url)
      const proxy = await proxyTo(which === 'REST' ? Number(new URL(rest.url).port) : server.port)
      const direct = new Redis({ port: proxy.port, host: '127.0.0.1', maxRetriesPerRequest: 1 })
      direct.on('error', () => {})
      const mine = open(which === 'REST' ? (await upstash(`http://127.0.0.1:${proxy.port}`)).client : direct, { maxEvents: 10 })
      const one = job('a', { idempotencyKey: 'k', requestBody: 'in' })
      await mine.insert(job('warm'))
      await mine.claim?.('warm', 1, claimOf(job('warm')))
      proxy.loseReply()
      expect(await mine.insert(one, [event(1)])).toEqual({ inserted: true, job: one })
      proxy.loseReply()
      const claimed = { ...one, ...claimOf(one) }
      expect(await mine.claim?.('a', 1, claimOf(one), [event(2)])).toEqual({ claimed: true, job: claimed })
      expect(proxy.lost()).toBe(2)
      expect(await store.get('a', 'full')).toEqual(claimed)
      expect((await store.events?.('a', 0, 10))?.events).toEqual([event(1), event(2)])
      expect((await store.list?.({ owner: 'ann', status: 'running', limit: 10 }))?.jobs.map(({ id }) => id)).toEqual(['warm', 'a'])
      direct.disconnect()
      await proxy.close()
      await rest.stop()
    })
    it('is kept apart from a second call with the same arguments', async () => {
      const one = job('a', { idempotencyKey: 'k' })
      expect((await store.insert(one)).inserted).toBe(true)
      expect(await store.insert(one)).toMatchObject({ inserted: false, job: { id: 'a', version: 1 } })
      expect((await store.claim?.('a', 1, claimOf(one)))?.claimed).toBe(true)
      expect(await store.claim?.('a', 1, claimOf(one))).toMatchObject({ claimed: false, job: { id: 'a', version: 2 } })
    })
  })

  describe('blobs', () => {
    const chunk = (seed: number) => Uint8Array.from({ length: 70_000 }, (_, at) => (at * seed) & 255)
    it.each(['ioredis', 'REST'])('gives back chunks as they were, and removes all but one body: %s', async (which) => {
      const rest = await startRest(server.url)
      const { blobs } = open(which === 'ioredis' ? redis : (await upstash(rest.url)).client)
      await blobs?.write('a', 'request', 0, chunk(3))
      await blobs?.write('a', 'response-1', 0, chunk(5))
      await blobs?.write('a', 'response-1', 1, chunk(6))
      await blobs?.write('a', 'response-1', 1, chunk(7))
      await blobs?.write('a', 'response-11', 0, chunk(9))
      expect(await blobs?.read('a', 'request', 0)).toEqual(chunk(3))
      expect(await blobs?.read('a', 'response-1', 1)).toEqual(chunk(7))
      expect(await blobs?.read('a', 'response-1', 2)).toBe(null)
      await blobs?.remove('a', 'response-1')
      expect(await blobs?.read('a', 'request', 0)).toBe(null)
      expect(await blobs?.read('a', 'response-11', 0)).toBe(null)
      expect(await blobs?.read('a', 'response-1', 0)).toEqual(chunk(5))
      await blobs?.remove('a')
      await blobs?.remove('a')
      expect(await keys()).toEqual([])
      await rest.stop()
    })
    it('are deleted with their job, and after a day if their job never came', async () => {
      const life = () => redis.pttl('{respond-async}:b:a')
      await store.blobs?.write('a', 'request', 0, chunk(3))
      expect(await life()).toBeGreaterThan(DAY - 60_000)
      await store.insert(job('a'))
      expect(await life()).toBe(-1)
      await store.blobs?.write('a', 'request', 1, chunk(3))
      expect(await life()).toBe(-1)
      const began = Date.now()
      await store.replace(finished(job('a')))
      const left = await life()
      expect(left).toBeGreaterThanOrEqual(DAY - (Date.now() - began))
      await store.replace(next(finished(job('a')), { goneAt: T0 }))
      expect(await store.blobs?.read('a', 'request', 0)).toBe(null)
      await store.blobs?.write('a', 'request', 0, chunk(3))
      await store.remove('a')
      expect(await store.blobs?.read('a', 'request', 0)).toBe(null)
    })
  })

  describe('expiry', () => {
    const keyed = job('a', { idempotencyKey: 'k', requestBody: 'in' })
    it('never takes an unfinished job, and all of a finished one a day after it should have been swept', async () => {
      await store.insert(keyed, [event(1)])
      await store.claim?.('a', 1, claimOf(keyed))
      for (const key of await keys()) expect(await redis.pttl(key), key).toBe(-1)
      await store.replace(finished({ ...keyed, version: 2 }, { responseBody: 'out', requestBody: undefined }), [event(3)])
      const own = (await keys()).filter((key) => /:[jqrek]:/.test(key))
      expect(own).toHaveLength(5)
      for (const key of own) {
        expect(await redis.pttl(key), key).toBeGreaterThan(DAY - 5_000)
        expect(await redis.pttl(key), key).toBeLessThanOrEqual(DAY + 5_000)
      }
    })
    it('waits for the end of a result that is due before, and not for that of a tombstone', async () => {
      const life = () => redis.pttl('{respond-async}:j:a')
      const owed = finished(job('a'), { expiresAt: T0 + 7 * DAY }) // due in 5 s: a webhook is to be sent
      await store.insert(job('a'))
      await store.replace(owed)
      expect(await life()).toBeGreaterThan(8 * DAY - 60_000)
      await store.replace(next(owed, { goneAt: T0 }))
      expect(await life()).toBeLessThanOrEqual(DAY + 5_000)
    })
    it('frees the key and leaves no line behind in an index', async () => {
      const jobs = ['a', 'b', 'c', 'd'].map((id, n) => job(id, { createdAt: T0 + n, dueAt: T0 + n, idempotencyKey: id }))
      for (const one of jobs) await store.insert(one)
      await redis.unlink('{respond-async}:j:b', '{respond-async}:j:c')
      expect((await store.due?.(T0 + DAY, 10))?.map(({ id }) => id)).toEqual(['a', 'd'])
      expect(await redis.zcard('{respond-async}:due')).toBe(2)
      const page = await store.list?.({ owner: 'ann', limit: 2 })
      expect(page?.jobs.map(({ id }) => id)).toEqual(['d', 'a'])
      expect(page?.cursor).toBe(undefined)
      expect(await redis.zcard('{respond-async}:l:queued,"ann","report"')).toBe(2)
      expect((await store.insert(job('e', { idempotencyKey: 'b' }))).inserted).toBe(true)
      expect((await store.insert(job('f', { idempotencyKey: 'e' }))).inserted).toBe(true)
      expect((await store.insert(job('g', { idempotencyKey: 'b' }))).job.id).toBe('e')
    })
    it('fills a page of what is due, however many have gone before it', async () => {
      const due = '{respond-async}:due'
      const gone = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => [n, `${prefix}${n}`]).flat()
      for (const id of ['a', 'b', 'c', 'd']) await store.insert(job(id, { dueAt: T0 + id.charCodeAt(0) }))
      await redis.hset('{respond-async}:j:hash', 'x', 'y')
      await redis.zadd(due, ...gone('few', 7), T0, 'hash')
      expect((await store.due?.(T0 + DAY, 3))?.map(({ id }) => id)).toEqual(['a', 'b', 'c'])
      expect(await redis.zcard(due)).toBe(5)
      await redis.zadd(due, ...gone('many', 2_500))
      expect((await store.due?.(T0 + DAY, 3))?.map(({ id }) => id)).toEqual(['a', 'b', 'c'])
      expect((await store.due?.(T0 + DAY, 100))?.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd'])
    })
    it('clears an index that is only ever written', async () => {
      const random = vi.spyOn(Math, 'random').mockReturnValue(0)
      for (let n = 0; n < 50; n++) {
        await store.insert(job(`a${n}`, { createdAt: T0 + n, dueAt: T0 + n }))
        await redis.unlink(`{respond-async}:j:a${n}`)
      }
      expect(await redis.zcard('{respond-async}:due')).toBe(1)
      expect(await redis.zcard('{respond-async}:l:queued,"ann","report"')).toBe(1)
      random.mockRestore()
    })
  })

  it('leaves nothing behind when all jobs are removed, but the names of operations', async () => {
    const one = job('a', { idempotencyKey: 'k', requestBody: 'in' })
    await store.insert(one, [event(1)])
    await store.claim?.('a', 1, claimOf(one), [event(2)])
    await store.replace(finished({ ...one, version: 2 }, { responseBody: 'out' }), [event(3)])
    await store.remove('a')
    expect(await keys()).toEqual(['{respond-async}:ops'])
  })

  it('makes one trip for each call, of one command', async () => {
    const proxy = await proxyTo(server.port)
    const client = new Redis({ port: proxy.port, host: '127.0.0.1', enableReadyCheck: false })
    const mine = open(client, { maxEvents: 10 })
    const one = job('a', { idempotencyKey: 'k', requestBody: 'in' })
    const other = job('b')
    await mine.insert(job('warm'))
    await mine.replace(next(job('warm')))
    await mine.claim?.('warm', 2, { version: 3 })
    await mine.due?.(0, 1)
    await mine.list?.({ owner: 'ann', limit: 1 })
    await mine.events?.('warm', 0, 1)
    await mine.holder?.('ann', 'k')
    await mine.remove('warm')
    await vi.waitFor(async () => expect(await mine.get('warm', 'head')).toBe(null))
    const trips: Record<string, number> = {}
    const counted = async (name: string, act: () => Promise<unknown> | undefined) => {
      const before = proxy.commands()
      await act()
      trips[name] = proxy.commands() - before
    }
    await counted('insert', () => mine.insert(one, [event(1)]))
    await counted('insert with a key that is taken', () => mine.insert(job('c', { idempotencyKey: 'k' })))
    await counted('head', () => mine.get('a', 'head'))
    await counted('full', () => mine.get('a', 'full'))
    await counted('claim', () => mine.claim?.('a', 1, claimOf(one), [event(2)]))
    await counted('claim that is lost', () => mine.claim?.('a', 1, claimOf(one), [event(2)]))
    await counted('progress', () => mine.replace(next({ ...one, version: 2 }, { requestBody: undefined, percentComplete: 5 }), [event(3)]))
    await counted('finish', () => mine.replace(finished({ ...one, version: 3 }, { responseBody: 'out' }), [event(4)]))
    await counted('replace that is lost', () => mine.replace(next(one)))
    await counted('holder', () => mine.holder?.('ann', 'k'))
    await counted('due', () => mine.due?.(T0, 10))
    await counted('list', () => mine.list?.({ owner: 'ann', limit: 10 }))
    await counted('events', () => mine.events?.('a', 0, 10))
    await counted('remove', () => mine.remove('a'))
    expect(trips).toEqual(Object.fromEntries(Object.keys(trips).map((name) => [name, 1])))
    expect((await mine.insert(other)).inserted).toBe(true)
    client.disconnect()
    await proxy.close()
  })

  it('lists a job once, also where its status is asked for twice', async () => {
    for (const id of ['a', 'b', 'c']) await store.insert(job(id))
    const page = await store.list?.({ owner: 'ann', status: ['queued', 'running', 'queued'], limit: 3 })
    expect(page?.jobs.map(({ id }) => id)).toEqual(['c', 'b', 'a'])
    expect(page?.cursor).toBe(undefined)
  })

  it('understands a client that answers numbers as text', async () => {
    const client = new Redis(server.url, { stringNumbers: true })
    const mine = open(client, { maxEvents: 10 })
    const one = job('a')
    expect(await mine.insert(one, [event(1)])).toEqual({ inserted: true, job: one })
    expect((await mine.insert(one)).inserted).toBe(false)
    expect((await mine.claim?.('a', 1, claimOf(one), [event(2)]))?.claimed).toBe(true)
    expect((await mine.claim?.('a', 1, claimOf(one)))?.claimed).toBe(false)
    expect(await mine.replace(finished({ ...one, version: 2 }), [event(3)])).toEqual({ replaced: true })
    expect(await mine.events?.('a', 1, 10)).toEqual({ events: [event(2), event(3)], truncated: false })
    expect((await mine.due?.(T0 + DAY, 10))?.map(({ id }) => id)).toEqual(['a'])
    expect(await mine.remove('a', 1)).toBe(false)
    expect(await mine.remove('a')).toBe(true)
    client.disconnect()
  })

  it('runs on after the server has forgotten its scripts', async () => {
    await store.insert(job('a'))
    await redis.script('FLUSH')
    expect((await store.insert(job('b'))).inserted).toBe(true)
    await redis.script('FLUSH')
    expect((await store.claim?.('b', 1, claimOf(job('b'))))?.claimed).toBe(true)
  })

  it('ships the head alone where the head is asked for, whatever the size of the result', async () => {
    const sent = async () => Number(/total_net_output_bytes:(\d+)/.exec(await redis.info('stats'))?.[1])
    await store.insert(job('small'))
    await store.insert(job('large'))
    await store.replace(finished(job('small'), { responseBody: 'out' }))
    await store.replace(finished(job('large'), { responseBody: 'x'.repeat(10_000_000) }))
    const costOf = async (act: () => Promise<unknown> | undefined) => {
      const before = await sent()
      await act()
      return (await sent()) - before
    }
    const base = await costOf(async () => {})
    for (const act of [
      () => store.get('large', 'head'),
      () => store.due?.(T0 + DAY, 10),
      () => store.list?.({ owner: 'ann', limit: 10 }),
      () => store.insert(job('large')),
      () => store.replace(job('large')),
    ])
      expect((await costOf(act)) - base).toBeLessThan(3_000)
    expect((await costOf(() => store.get('large', 'full'))) - base).toBeGreaterThan(10_000_000)
  })

  it('keeps what a REST client wrote readable for the others, bytes too', async () => {
    const rest = await startRest(server.url)
    const slow = open((await upstash(rest.url)).client)
    const one = job('a', { requestBody: new Uint8Array([0, 200, 255]), responseBody: 'true' })
    await slow.insert(one)
    expect(await store.get('a', 'full')).toEqual(one)
    expect(await slow.get('a', 'full')).toEqual(one)
    await rest.stop()
  })

  it('gives bodies back in the kind they came in', async () => {
    for (const body of ['', 'T', 'true', '\ufeffé', new Uint8Array(0), new Uint8Array([84])]) {
      await store.insert(job('a', { requestBody: body }))
      expect((await store.get('a', 'full'))?.requestBody).toEqual(body)
      await store.remove('a')
    }
  })

  it('lists as the memory store does, whatever was written, page by page', async () => {
    const memory = memoryStore()
    let seed = 1
    const random = (below: number) => {
      seed = (seed * 48_271) % 2_147_483_647
      return seed % below
    }
    const states = ['queued', 'running', 'succeeded', 'failed', 'canceled'] as const
    for (let n = 0; n < 300; n++) {
      const one = job(`${'aB_-~.9z'[random(8)]}${n}`, {
        ...{ owner: random(3) ? 'ann' : null, operation: ['x', 'y', '","z"]', 'é\n'][random(4)] as string },
        ...{ status: states[random(5)] as Job['status'], createdAt: T0 + random(20) },
      })
      for (const into of [store, memory]) await into.insert(one)
      if (random(3)) continue
      const change = next(one, { status: states[random(5)] as Job['status'], ...(random(4) ? {} : { goneAt: T0 }) })
      for (const into of [store, memory]) await into.replace(change)
    }
    for (let n = 0; n < 60; n++) {
      const query = {
        ...{ owner: random(3) ? 'ann' : null, limit: 1 + random(30) },
        ...(random(2) && { status: states.filter(() => random(2)) }),
        ...(random(2) && { operation: ['x', 'y', '","z"]', 'é\n', 'none'][random(5)] as string }),
      }
      let cursor: string | undefined
      do {
        const [mine, expected] = [await store.list?.({ ...query, cursor }), await memory.list?.({ ...query, cursor })]
        expect(mine?.jobs.map(({ id }) => id)).toEqual(expected?.jobs.map(({ id }) => id))
        expect(mine?.cursor).toBe(expected?.cursor)
        cursor = mine?.cursor
      } while (cursor)
    }
  })

  describe('errors', () => {
    it('names the key that holds no job', async () => {
      await redis.set('{respond-async}:j:a', 'hello')
      for (const act of [
        () => store.get('a', 'head'),
        () => store.get('a', 'full'),
        () => store.replace(next(job('a'))),
        () => store.claim?.('a', 1, { version: 2 }),
        () => store.remove('a'),
      ])
        await expect(act()).rejects.toThrow('{respond-async}:j:a')
      await redis.set('{respond-async}:j:a', 'J1,\n"queued",\nnull,\n"x",\nnull,\n{broken')
      await expect(store.get('a', 'head')).rejects.toThrow('{respond-async}:j:a')
      await redis.zadd('{respond-async}:due', 1, 'a')
      await redis.hset('{respond-async}:j:c', 'x', 'y')
      await redis.zadd('{respond-async}:due', 2, 'c')
      await store.insert(job('b', { dueAt: 3 }))
      for (const limit of [1, 2, 5]) expect((await store.due?.(5, limit))?.map(({ id }) => id)).toEqual(['b']) // not held up by those before it
      await redis.del('{respond-async}:due')
      await redis.set('{respond-async}:due', 'x')
      await expect(store.due?.(5, 5)).rejects.toThrow('under the prefix')
    })
    it('throws store_full when the server is full, writes nothing by halves, and accepts jobs again when there is room', async () => {
      await store.insert(job('a', { idempotencyKey: 'k' }))
      await redis.config('SET', 'maxmemory', '1mb')
      const before = await keys()
      await expect(store.insert(job('b', { idempotencyKey: 'l', requestBody: 'in' }), [event(1)])).rejects.toMatchObject({
        name: 'JobsError',
        code: 'store_full',
      })
      await expect(store.replace(finished(job('a', { idempotencyKey: 'k' }), { responseBody: 'out' }))).rejects.toMatchObject({
        code: 'store_full',
      })
      expect(await keys()).toEqual(before)
      expect(await store.get('a', 'full')).toEqual(job('a', { idempotencyKey: 'k' }))
      expect(await store.remove('a')).toBe(true)
      await redis.config('SET', 'maxmemory', '0')
      expect((await store.insert(job('b'))).inserted).toBe(true)
    })
    it('turns jobs into tombstones while the server is full, which makes room for others', async () => {
      const bare = finished(job('bare'))
      const large = finished(job('large'), { responseBody: 'x'.repeat(3_000_000) })
      const chunked = finished(job('chunked'))
      for (const one of [bare, large, chunked]) {
        await store.insert({ ...job(one.id) })
        await store.replace(one)
      }
      await store.blobs?.write('chunked', 'response-1', 0, new Uint8Array(3_000_000))
      const used = Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1])
      onTestFinished(() => redis.config('SET', 'maxmemory', '0').then(() => {}))
      await redis.config('SET', 'maxmemory', `${used - 4_000_000}`)
      await expect(store.insert(job('new'))).rejects.toMatchObject({ code: 'store_full' })
      for (const one of [bare, large, chunked]) {
        const stone = next(one, { goneAt: T0, requestBody: null, responseBody: null })
        expect(await store.replace(stone)).toEqual({ replaced: true })
        expect(await store.get(one.id, 'full')).toEqual(stone)
      }
      await vi.waitFor(async () => expect((await store.insert(job('new'))).inserted).toBe(true))
    })
    it('lets a chunk that comes late live as long as its job', async () => {
      for (const [n, life] of [job('a'), finished(job('b'))].entries()) {
        await store.insert(life)
        await store.blobs?.write(life.id, 'response-1', 0, new Uint8Array(n))
        const [record, chunks] = [await redis.pttl(`{respond-async}:j:${life.id}`), await redis.pttl(`{respond-async}:b:${life.id}`)]
        expect(Math.abs(record - chunks), life.id).toBeLessThan(1_000)
      }
    })
    it('warns once of a server that drops keys', async () => {
      const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
      await redis.config('SET', 'maxmemory-policy', 'allkeys-lru')
      const mine = open(redis)
      await mine.insert(job('a'))
      await mine.insert(job('b'))
      await vi.waitFor(() => expect(warn).toHaveBeenCalledTimes(1))
      expect(warn.mock.calls[0]?.[0]).toContain('allkeys-lru')
      await redis.config('SET', 'maxmemory-policy', 'noeviction')
      warn.mockRestore()
    })
    it('refuses what is no client, and options out of bounds', () => {
      const invalid = expect.objectContaining({ code: 'invalid_option' })
      // @ts-expect-error no client
      expect(() => redisStore({ client: 'redis://' })).toThrow(invalid)
      // @ts-expect-error no client
      expect(() => redisStore({ client: null })).toThrow(invalid)
      // @ts-expect-error no client
      expect(() => redisStore({ client: {} })).toThrow(invalid)
      const needed = { code: 'invalid_option', message: expect.stringContaining('redisStore({ client: new Redis(url) })') }
      for (const options of [undefined, 'redis://', redis, { redis }])
        expect(() => redisStore(options as never)).toThrow(expect.objectContaining(needed))
      // What node-redis 4 has: its replies cannot be asked for as bytes.
      const older = { evalSha: async () => null, eval: async () => null, get: async () => null, mGet: async () => [] }
      // @ts-expect-error too old a client
      expect(() => redisStore({ client: older })).toThrow(expect.objectContaining({ message: expect.stringContaining('node-redis 5') }))
      for (const prefix of ['', 'a b', '{a}', 'x'.repeat(101)]) expect(() => redisStore({ client: redis, prefix })).toThrow(invalid)
      const misspelt = { client: redis, prefx: 'mine' } // which would share the keys of others
      expect(() => redisStore(misspelt)).toThrow(expect.objectContaining({ message: 'redisStore: prefx is not an option' }))
      for (const maxEvents of [-1, 0.5, 1_001]) expect(() => redisStore({ client: redis, maxEvents })).toThrow(invalid)
    })
  })

  describe('watch', () => {
    const clientCount = async () => `${await redis.client('LIST')}`.split('\n').filter((line) => / sub=[1-9]/.test(line)).length

    it('shares one connection and one subscription, and drops what nobody watches', async () => {
      const stops = Array.from({ length: 20 }, () => new AbortController())
      await store.insert(job('a'))
      const heard = stops.map((stop, n) =>
        store
          .watch?.(n < 10 ? 'a' : 'b', stop.signal)
          [Symbol.asyncIterator]()
          .next(),
      )
      await vi.waitFor(async () => expect(await redis.pubsub('CHANNELS', 'respond-async:*')).toHaveLength(2))
      expect(await redis.pubsub('NUMSUB', 'respond-async:c:a')).toEqual(['respond-async:c:a', 1])
      expect(await clientCount()).toBe(1)
      await store.replace(next(job('a')))
      expect(await Promise.all(heard.slice(0, 10))).toEqual(heard.slice(0, 10).map(() => ({ value: 2, done: false })))
      for (const stop of stops) stop.abort()
      expect((await Promise.all(heard.slice(10))).every((one) => one?.done)).toBe(true)
      await store.close?.()
      await vi.waitFor(async () => expect(await clientCount()).toBe(0))
    })
    it('hears again after the connection was down, whatever the client itself asks for', async () => {
      const client = new Redis(server.url, { autoResubscribe: false })
      const mine = open(client)
      await mine.insert(job('a'))
      const watcher = mine.watch?.('a', new AbortController().signal)[Symbol.asyncIterator]()
      const nudged = watcher?.next()
      await vi.waitFor(async () => expect(await clientCount()).toBe(1))
      await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
      expect(await nudged).toEqual({ value: 1, done: false })
      const heard = watcher?.next()
      await store.replace(next(job('a')))
      expect(await heard).toEqual({ value: 2, done: false })
      client.disconnect()
    })
    it('opens no connection once it is closed: nobody would end it, and the process would stay', async () => {
      const duplicate = vi.spyOn(redis, 'duplicate')
      onTestFinished(() => duplicate.mockRestore())
      const mine = open(redis)
      await mine.close?.()
      const late = mine.watch?.('a', new AbortController().signal)[Symbol.asyncIterator]()
      expect(await late?.next()).toEqual({ done: true, value: undefined })
      expect(duplicate).not.toHaveBeenCalled()
    })

    it('writes where its user may publish nothing, and tells those who watch of that', async () => {
      // Redis 7 allows a new user no channel.
      await redis.call('ACL', 'SETUSER', 'silent', 'on', '>secret', '~*', '+@all', 'resetchannels')
      const client = new Redis(server.port, { username: 'silent', password: 'secret' })
      const mine = open(client, { maxEvents: 10 })
      await mine.insert(job('a'))
      expect((await mine.claim?.('a', 1, claimOf(job('a')), [event(2)]))?.claimed).toBe(true)
      expect(await mine.replace({ ...finished(job('a')), version: 3 }, [event(3)])).toEqual({ replaced: true })
      const watching = mine.watch?.('a', new AbortController().signal)[Symbol.asyncIterator]().next()
      await expect(watching).rejects.toThrow('NOPERM')
      expect(await mine.remove('a', 3)).toBe(true)
      client.disconnect()
    })
    it('publishes nothing where it is off', async () => {
      const mine = open(redis, { watch: false })
      expect(mine.capabilities.watch).toBe(false)
      expect(mine.watch).toBe(undefined)
      const listener = redis.duplicate()
      const messages: string[] = []
      await listener.psubscribe('*')
      listener.on('pmessage', (_pattern, channel) => messages.push(channel))
      await mine.insert(job('a'))
      await mine.replace(next(job('a')))
      await redis.publish('end', '')
      await vi.waitFor(() => expect(messages).toContain('end'))
      expect(messages).toEqual(['end'])
      listener.disconnect()
    })
  })
})

describe.skipIf(!hasRedisServer)('a Redis that goes away', () => {
  it.each(['ioredis', 'node-redis'])(
    'rejects at once, comes back with what was stored, and tells watchers what they missed: %s',
    async (which) => {
      const server = await startRedis({ appendonly: true })
      onTestFinished(() => server.stop())
      const one = new Redis(server.url, {
        enableOfflineQueue: false,
        maxRetriesPerRequest: 0,
        commandTimeout: 2_000,
        retryStrategy: () => 50,
      })
      one.on('error', () => {})
      const other = createClient({ url: server.url, disableOfflineQueue: true, socket: { reconnectStrategy: () => 50 } })
      other.on('error', () => {})
      await other.connect()
      await vi.waitFor(() => one.ping())
      const store = redisStore({ client: which === 'ioredis' ? one : other })
      await store.insert(job('a'))
      const stop = new AbortController()
      const watcher = store.watch?.('a', stop.signal)[Symbol.asyncIterator]()
      const heard = watcher?.next()
      const admin = new Redis(server.url, { retryStrategy: () => 50 })
      admin.on('error', () => {})
      await vi.waitFor(async () => expect(await admin.pubsub('CHANNELS')).toHaveLength(1))
      await server.kill()
      await expect(store.get('a', 'head')).rejects.toThrow()
      await expect(store.insert(job('b'))).rejects.toThrow()
      await server.restart()
      expect(await heard).toEqual({ value: 1, done: false }) // it may have missed something, and is told to look
      const live = watcher?.next()
      await vi.waitFor(async () => expect(await admin.ping()).toBe('PONG'), 10_000)
      expect(await redisStore({ client: admin }).replace(next(job('a')))).toEqual({ replaced: true })
      expect(await live).toEqual({ value: 2, done: false })
      await vi.waitFor(async () => expect((await store.get('a', 'head'))?.version).toBe(2), 10_000)
      expect(await store.get('b', 'head')).toBe(null)
      stop.abort()
      await store.close?.()
      one.disconnect()
      other.destroy()
      admin.disconnect()
    },
  )
})

/**
 * Passes everything on, and counts the commands that clients send: each begins with `*` and the number of its parts. Where a reply is
 * to be lost, the connection is, in the moment the reply comes.
 */
async function proxyTo(port: number) {
  let count = 0
  let losing = false
  let lost = 0
  const sockets = new Set<Socket>()
  const { connect } = await import('node:net')
  const proxy = createServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
    }
    client.on('data', (data) => {
      count += data.toString('latin1').match(/(^|\r\n)\*\d+\r\n/g)?.length ?? 0
      upstream.write(data)
    })
    upstream.on('data', (data) => {
      if (!losing) return client.write(data)
      losing = false
      lost++
      client.destroy()
    })
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const address = proxy.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    commands: () => count,
    loseReply() {
      losing = true
    },
    lost: () => lost,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => proxy.close(resolve))
    },
  }
}
