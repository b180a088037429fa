import type { Job, JobStore } from '@respond-async/core'
import { Cluster, Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { hasRedisServer, type RedisServer, startRedis } from '../../../tests/redis'
import { redisStore } from '../src'

const T0 = Date.now()
const job = (id: string, more: Partial<Job> = {}): Job => ({
  ...{ id, version: 1, revision: 1, operation: 'report', owner: 'ann', status: 'queued', createdAt: T0, updatedAt: T0, dueAt: T0 },
  ...{ attempt: 0, maxAttempts: 1, dispatch: 1, request: null, response: null, requestBody: null, responseBody: null },
  ...more,
})
const waits = job('waits', { requestBody: 'to be done', idempotencyKey: 'k' })
const runs = job('runs', { status: 'running', attempt: 1 })
const ends: Partial<Job> = { version: 2, status: 'succeeded', finishedAt: T0, expiresAt: T0, responseBody: 'done' }
const over = job('over', { status: 'failed' })
const starts: Partial<Job> = { version: 2, status: 'running', attempt: 1 }

describe.skipIf(!hasRedisServer)('a Cluster that moves the slot of the store to another node, key by key', () => {
  const servers: RedisServer[] = []
  const nodes: Redis[] = []
  const ids: string[] = []
  let slot: number
  let cluster: Cluster
  let store: JobStore
  beforeAll(async () => {
    const args = ['--cluster-enabled', 'yes', '--cluster-require-full-coverage', 'no']
    for (const server of await Promise.all([startRedis({ args }), startRedis({ args })])) {
      servers.push(server)
      nodes.push(new Redis(server.url))
    }
    for (const node of nodes) ids.push(String(await node.cluster('MYID')))
    const [from, to] = nodes as [Redis, Redis]
    slot = await from.cluster('KEYSLOT', '{respond-async}')
    await from.cluster('ADDSLOTS', slot, 0) // and one that stays: a node without any becomes a replica
    await to.cluster('ADDSLOTS', 1)
    await to.cluster('MEET', '127.0.0.1', servers[0]?.port ?? 0)
    await vi.waitFor(async () => expect(await to.cluster('INFO')).toMatch(/cluster_state:ok.*cluster_size:2/s), { timeout: 20_000 })
    cluster = new Cluster(
      servers.map(({ port }) => ({ host: '127.0.0.1', port })),
      { maxRedirections: 2, retryDelayOnTryAgain: 1 },
    )
    store = redisStore({ client: cluster, maxEvents: 10, watch: false })
  }, 30_000)
  afterAll(async () => {
    for (const one of [...nodes, cluster]) one.disconnect()
    for (const server of servers) await server.stop()
  })
  beforeEach(async () => {
    for (const node of nodes) await node.flushall()
    for (const one of [waits, runs, over]) await store.insert(one, [{ ...one, at: T0, type: 'insert' }])
    await store.blobs?.write('waits', 'request', 0, new Uint8Array([1]))
  })

  /** Every key with what is in it. */
  const all = async () => {
    const found: Record<string, unknown> = {}
    for (const node of nodes)
      for (const key of await node.keys('*')) {
        const [, dumped] = (await node.pipeline().call('ASKING').call('DUMP', key).exec()) ?? []
        found[key] = dumped
      }
    return found
  }
  const changes: Record<string, () => Promise<unknown> | undefined> = {
    insert: () => store.insert(job('new', { requestBody: 'new' })),
    claim: () => store.claim?.('waits', 1, starts),
    replace: () => store.replace({ ...runs, ...ends }),
    remove: () => store.remove('over', 1),
    write: () => store.blobs?.write('waits', 'request', 1, new Uint8Array([2])),
  }

  it.each(['first to last', 'last to first'])('every call does all or nothing: %s', async (order) => {
    const from = order === 'first to last' ? 0 : 1 // where the other one has left it
    const [source, target] = [nodes[from], nodes[1 - from]] as [Redis, Redis]
    await target.cluster('SETSLOT', slot, 'IMPORTING', ids[from] ?? '')
    await source.cluster('SETSLOT', slot, 'MIGRATING', ids[1 - from] ?? '')
    const done = new Set<string>()
    const keys = (await source.keys('*')).sort()
    for (const key of from === 0 ? keys : keys.reverse()) {
      await source.migrate('127.0.0.1', servers[1 - from]?.port ?? 0, key, 0, 5_000)
      await store.due?.(T0, 10).catch(() => {})
      await store.list?.({ owner: 'ann', limit: 10 }).catch(() => {})
      for (const [name, change] of Object.entries(changes)) {
        if (done.has(name)) continue
        const before = await all()
        try {
          await change()
          done.add(name)
        } catch {
          expect([name, await all()]).toEqual([name, before])
        }
      }
    }
    for (const node of [target, source]) await node.cluster('SETSLOT', slot, 'NODE', ids[1 - from] ?? '')
    await vi.waitFor(() => store.get('waits')) // the client has heard of it by then
    for (const [name, change] of Object.entries(changes)) if (!done.has(name)) await change()

    expect(await store.get('waits')).toEqual({ ...waits, ...starts })
    expect(await store.get('runs')).toEqual({ ...runs, ...ends })
    const named = async (jobs: Promise<Job[]> | undefined) => (await jobs)?.map(({ id }) => id).sort()
    const listed = (status: Job['status']) => named(store.list?.({ owner: 'ann', status, limit: 10 }).then(({ jobs }) => jobs))
    expect([await listed('queued'), await listed('running'), await listed('succeeded'), await listed('failed')]).toEqual([
      ...[['new'], ['waits'], ['runs'], []],
    ])
    expect(await named(store.due?.(T0, 10))).toEqual(['new', 'runs', 'waits'])
    expect(await store.blobs?.read('waits', 'request', 0)).toEqual(new Uint8Array([1]))
    expect(await store.blobs?.read('waits', 'request', 1)).toEqual(new Uint8Array([2]))
  })
})
