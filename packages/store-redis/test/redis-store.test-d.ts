import type { JobStore } from '@respond-async/core'
import { Redis as Upstash } from '@upstash/redis'
import { Redis as UpstashOnWorkers } from '@upstash/redis/cloudflare'
import { Cluster, Redis } from 'ioredis'
import { createClient, createClientPool, createCluster, createSentinel } from 'redis'
import { assertType, test } from 'vitest'
import { redisStore } from '../src'

test('takes the real clients without a cast', () => {
  assertType<JobStore>(redisStore({ client: new Redis() }))
  assertType<JobStore>(redisStore({ client: new Redis({ enableAutoPipelining: true, keyPrefix: 'app:' }) }))
  assertType<JobStore>(redisStore({ client: new Cluster([{ host: 'a', port: 1 }]) }))
  assertType<JobStore>(redisStore({ client: createClient() }))
  assertType<JobStore>(redisStore({ client: createClient({ url: 'redis://a', RESP: 3 }) }))
  assertType<JobStore>(redisStore({ client: createClientPool() }))
  assertType<JobStore>(redisStore({ client: createCluster({ rootNodes: [{ url: 'redis://a' }] }) }))
  assertType<JobStore>(redisStore({ client: createSentinel({ name: 'a', sentinelRootNodes: [{ host: 'a', port: 1 }] }) }))
  assertType<JobStore>(redisStore({ client: new Upstash({ url: 'https://a', token: 't' }) }))
  assertType<JobStore>(redisStore({ client: UpstashOnWorkers.fromEnv(), prefix: 'jobs', maxEvents: 100, watch: false }))
})

test('refuses what is no client', () => {
  // @ts-expect-error a URL is none
  redisStore({ client: 'redis://127.0.0.1' })
  // @ts-expect-error an object without the commands is none
  redisStore({ client: { get: async () => null } })
  // @ts-expect-error the client is required
  redisStore({ prefix: 'jobs' })
})
