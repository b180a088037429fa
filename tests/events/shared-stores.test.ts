import type { JobStore } from '@respond-async/core'
import { postgresStore } from '@respond-async/store-postgres'
import { redisStore } from '@respond-async/store-redis'
import { Redis } from 'ioredis'
import pg from 'pg'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { countingProxy } from '../counting-proxy'
import { startPostgres } from '../postgres'
import { startRedis, withoutRedis } from '../redis'
import { start, steadily } from './service'
import { numbersIn, watchers } from './watchers'

const WATCHERS = 1_000
const STEPS = 100
const WITHIN = { timeout: 15_000, interval: 50 }

interface Backend {
  readonly url: string
  open(url: string): JobStore
  /** Subscriptions to this job, or to all, as the server tells of them. */
  subscriptions(id: string): Promise<number>
}

async function onRedis(): Promise<Backend> {
  const server = await startRedis()
  onTestFinished(server.stop)
  const client = new Redis(server.url)
  onTestFinished(() => client.disconnect())
  return {
    url: server.url,
    open(url) {
      const own = new Redis(url)
      onTestFinished(() => own.disconnect())
      return redisStore({ client: own })
    },
    async subscriptions(id) {
      const channels = (await client.pubsub('CHANNELS', `*${id}*`)) as string[]
      const counts = channels.length === 0 ? [] : await client.pubsub('NUMSUB', ...channels)
      return counts.filter((_, index) => index % 2 === 1).reduce<number>((sum, count) => sum + Number(count), 0)
    },
  }
}

async function onPostgres(): Promise<Backend> {
  const server = await startPostgres()
  onTestFinished(server.stop)
  const client = new pg.Client(server.url)
  await client.connect()
  onTestFinished(() => client.end())
  return {
    url: server.url,
    open(url) {
      const pool = new pg.Pool({ connectionString: url, max: 4, idleTimeoutMillis: 0 }) // to end a connection is something sent
      pool.on('error', () => {}) // the server ends before it
      onTestFinished(() => pool.end())
      return postgresStore({ client: pool, watch: () => new pg.Client(url) })
    },
    async subscriptions() {
      const { rows } = await client.query(`SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'`)
      return Number(rows[0].count)
    },
  }
}

describe.each([
  ['Redis', onRedis, withoutRedis],
  ['Postgres', onPostgres, false],
] as const)('through %s', (_, open, skipped) => {
  it.skipIf(skipped)(
    `${WATCHERS} watchers of a job that another process runs cost one subscription and one read for each change`,
    async () => {
      const backend = await open()
      const { work, begin, went } = steadily(STEPS)
      // A lease that is gone on with is a version, too: none is in the time that this takes.
      const worker = await start('Hono', work, { store: backend.open(backend.url), leaseMs: 600_000 })
      onTestFinished(worker.close)
      const proxy = await countingProxy(backend.url)
      onTestFinished(proxy.close)
      const alone = backend.open(proxy.url)
      let reads = 0
      let subscriptions = 0
      const store: JobStore = {
        ...alone,
        get(id, view) {
          reads++
          return alone.get(id, view)
        },
        watch(id, signal) {
          subscriptions++
          return alone.watch?.(id, signal) ?? expect.unreachable()
        },
      }
      // It runs nothing and sweeps nothing: all that it asks of the store is for those who watch.
      const asked = await start('Express, behind compression', work, { store, sweepMs: 0 })
      onTestFinished(asked.close)

      const at = await worker.submit()
      const id = at.split('/').at(-1) ?? ''
      // The process that runs the job begins to watch it for a cancel, a second after the start.
      await vi.waitFor(async () => expect(await backend.subscriptions(id)).toBe(1), WITHIN)
      const url = `${asked.url}${new URL(at).pathname}/events`
      const all = await watchers(url, WATCHERS, (piece, which) => which === 0 && went(numbersIn(piece, 'percentComplete').at(-1)))
      await vi.waitFor(async () => expect(await backend.subscriptions(id)).toBe(2), WITHIN)
      expect(subscriptions).toBe(1)
      proxy.take()
      reads = 0
      const began = performance.now()
      begin()
      let told = 0
      for (const { all: whole } of all) {
        const text = await whole
        const percentages = numbersIn(text, 'percentComplete')
        expect(percentages).toEqual([...percentages].sort((a, b) => a - b))
        expect(text).toMatch(/event: succeeded\ndata: [^\n]*"status":"succeeded"[^\n]*"result":\{"made":true\}/)
        told += percentages.length
      }
      // The steps, the end, and a look every five seconds, in case the store could not tell.
      const most = STEPS + 1 + Math.ceil((performance.now() - began) / 5_000)
      expect(reads).toBeGreaterThanOrEqual(STEPS)
      expect(reads).toBeLessThanOrEqual(most)
      expect(subscriptions).toBe(1)
      // On the wire: the reads, and what ends the subscription.
      expect(proxy.take().trips).toBeLessThanOrEqual(reads + 1)
      expect(told).toBeGreaterThan(0.9 * WATCHERS * STEPS)
    },
  )
})
