import { readFileSync } from 'node:fs'
import { type Declared, declaredBy } from '@respond-async/store-testkit'
import { testStore } from '@respond-async/store-testkit/vitest'
import { Cluster, Redis } from 'ioredis'
import { createCluster } from 'redis'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { addUser, hasRedisServer, openRedis, type RedisServer, startRedis, startRedisCluster, withoutRedis } from '../../../tests/redis'
import { redisStore } from '../src'
import { type Connected, deleteKeys, ioredis, nodeRedis, opener, startRest, upstash } from './clients'

vi.setConfig({ testTimeout: 30_000 }) // megabytes through JSON take their time on a busy machine

// The servers start in a hook, after the cases have been chosen: what a store declares depends on its options alone.
const offline = new Redis({ lazyConnect: true })
const capabilities = declaredBy(redisStore({ client: offline }))
const withHistory: Declared = { ...capabilities, events: true }
const withoutWatch: Declared = { ...capabilities, watch: false }

describe.skipIf(withoutRedis)('one Redis', () => {
  let url: string
  let restUrl: string
  const stops: (() => Promise<void>)[] = []
  let admin: Redis
  const forget = (prefix: string) => deleteKeys(admin, prefix)
  beforeAll(async () => {
    const server = await openRedis()
    url = server.url
    admin = new Redis(url)
    const rest = await startRest(url)
    restUrl = rest.url
    stops.push(async () => admin.disconnect(), rest.stop, server.stop)
  })
  afterAll(async () => {
    for (const stop of stops) await stop()
  })

  testStore(
    'ioredis',
    opener(() => ioredis(url), {}, forget),
    capabilities,
  )
  testStore(
    'ioredis, with a history',
    opener(() => ioredis(url), { maxEvents: 20 }, forget),
    withHistory,
  )
  testStore(
    'ioredis, pipelining and with a key prefix',
    opener(
      () => pipelining(url),
      { watch: false },
      (prefix) => deleteKeys(admin, prefix),
    ),
    withoutWatch,
  )
  testStore(
    'node-redis',
    opener(() => nodeRedis(url), {}, forget),
    capabilities,
  )
  testStore(
    'node-redis, with a history',
    opener(() => nodeRedis(url), { maxEvents: 1_000 }, forget),
    withHistory,
  )
  testStore(
    '@upstash/redis',
    opener(() => upstash(restUrl), { maxEvents: 20 }, forget),
    { ...withHistory, watch: false, maxBodyBytes: 3_500_000, maxRecordBytes: 1_000_000 },
  )
})

async function pipelining(url: string): Promise<Connected> {
  const client = new Redis(url, { enableAutoPipelining: true, keyPrefix: 'app:' })
  return { client, end: async () => client.disconnect() }
}

describe.skipIf(!hasRedisServer)('a user with the rights that the README names', () => {
  let server: RedisServer
  let url: string
  beforeAll(async () => {
    server = await startRedis()
    url = server.url.replace('//', '//app:secret@')
    await addUser(server, rightsOfReadme('test:*'))
  })
  afterAll(() => server.stop())
  const nothing = async () => {} // the whole server is thrown away

  testStore(
    'ioredis',
    opener(() => ioredis(url), { maxEvents: 20 }, nothing),
    withHistory,
  )
  testStore(
    'node-redis',
    opener(() => nodeRedis(url), {}, nothing),
    capabilities,
  )
  it('is refused nothing', async () => {
    const admin = new Redis(server.url)
    expect(await admin.call('ACL', 'LOG')).toEqual([])
    admin.disconnect()
  })
  it('may not touch what is not of the store', async () => {
    const client = new Redis(url)
    for (const command of ['FLUSHALL', 'FLUSHDB', 'KEYS *', 'SWAPDB 0 1', 'DBSIZE', 'SCAN 0', 'GET other', 'CONFIG GET *', 'ACL LIST']) {
      const [name = '', ...args] = command.split(' ')
      await expect(client.call(name, ...args), command).rejects.toThrow('NOPERM')
    }
    client.disconnect()
  })
})

/** What stands in backticks between `A user of Redis ACLs needs` and the end of that sentence. */
function rightsOfReadme(prefix: string): string[] {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const [sentence = ''] = /A user of Redis ACLs needs [\s\S]*?(?=\. )/.exec(readme) ?? []
  return [...sentence.matchAll(/`([^`]+)`/g)].flatMap(([, rights = '']) => rights.replace('prefix', prefix).split(/\s+/))
}

describe.skipIf(!hasRedisServer)('a Cluster of three nodes', () => {
  let cluster: Awaited<ReturnType<typeof startRedisCluster>>
  beforeAll(async () => {
    cluster = await startRedisCluster(3)
  }, 60_000)
  afterAll(() => cluster.stop())
  const nothing = async () => {} // the whole cluster is thrown away

  testStore(
    'ioredis',
    opener(
      async () => {
        const client = new Cluster(cluster.ports.map((port) => ({ host: '127.0.0.1', port })))
        return { client, end: async () => client.disconnect() }
      },
      { maxEvents: 20 },
      nothing,
    ),
    withHistory,
  )
  testStore(
    'node-redis',
    opener(
      async () => {
        const client = createCluster({ rootNodes: cluster.ports.map((port) => ({ url: `redis://127.0.0.1:${port}` })) })
        client.on('error', () => {})
        await client.connect()
        return { client, end: async () => client.destroy() }
      },
      {},
      nothing,
    ),
    capabilities,
  )
})
