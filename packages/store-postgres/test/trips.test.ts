import type { JobStore } from '@respond-async/core'
import { type PostgresClient, postgresStore } from '@respond-async/store-postgres'
import { afterAll, describe, expect, test } from 'vitest'
import { countingProxy } from '../../../tests/counting-proxy'
import { eventOf, idOf, jobOf, nextOf, T0 } from './jobs'
import { fileServer, freshSchema, poolOf, postgresJsOf } from './server'

const { url } = await fileServer()
const proxy = await countingProxy(url)
const pool = poolOf(proxy.url, { max: 1 })
const sql = postgresJsOf(proxy.url, { max: 1 })
afterAll(async () => {
  await Promise.all([pool.end(), sql.end()])
  await proxy.close()
})

/** Every call there is, on a job of its own. */
const calls: [name: string, call: (store: JobStore, n: number) => Promise<unknown>][] = [
  ['insert', (store, n) => store.insert(jobOf(n), [eventOf(1)])],
  ['get head', (store, n) => store.get(idOf(n), 'head')],
  ['claim', (store, n) => store.claim?.(idOf(n), 1, { version: 2, status: 'running', dueAt: T0 + 1 }, [eventOf(2)]) ?? Promise.reject()],
  ['progress', (store, n) => store.replace(nextOf(jobOf(n, { version: 2, status: 'running' }), { percentComplete: 5 }), [eventOf(3)])],
  ['finish', (store, n) => store.replace(nextOf(jobOf(n, { version: 3 }), { status: 'succeeded', responseBody: 'x' }), [eventOf(4)])],
  ['a replace that is too late', (store, n) => store.replace(nextOf(jobOf(n, { version: 3 })), [eventOf(4)])],
  ['get', (store, n) => store.get(idOf(n), 'full')],
  ['a claim that is too late', (store, n) => store.claim?.(idOf(n), 1, { version: 2, status: 'running' }) ?? Promise.reject()],
  ['due', (store) => store.due?.(T0, 10) ?? Promise.reject()],
  ['list', (store) => store.list?.({ owner: null, limit: 10 }) ?? Promise.reject()],
  ['events', (store, n) => store.events?.(idOf(n), 0, 10) ?? Promise.reject()],
  ['a tombstone', (store, n) => store.replace(nextOf(jobOf(n, { version: 4 }), { goneAt: T0, responseBody: null }), [eventOf(5)])],
  ['remove', (store, n) => store.remove(idOf(n), 5)],
  [
    'insert with a hand-over',
    (store, n) => store.insert(jobOf(n + 50), [eventOf(1)], [{ text: 'SELECT $1, $2::integer', values: ['x', '1'] }]),
  ],
  ['insert with a key', (store, n) => store.insert(jobOf(n + 100, { idempotencyKey: `k${n}` }), [eventOf(1)])],
  ['holder', (store, n) => store.holder?.(null, `k${n}`) ?? Promise.reject()],
  ['insert with a key that is taken', (store, n) => store.insert(jobOf(n + 200, { idempotencyKey: `k${n}` }), [eventOf(1)])],
]

describe.each<[string, PostgresClient, boolean]>([
  ['pg', pool, true],
  ['pg, notifying', pool, true],
  ['pg without prepared statements', pool, false],
  ['postgres.js', sql, true],
])('through %s', (name, client, prepare) => {
  const notify = name.endsWith('notifying')
  const store = postgresStore({ client, schema: freshSchema(), maxEvents: 20, prepare, notify })

  test('every call is one round trip', async () => {
    // The first time a connection prepares a statement, which takes postgres.js a trip more.
    for (const [, call] of calls) await call(store, 1)
    const trips: Record<string, number> = {}
    for (const [what, call] of calls) {
      proxy.take()
      await call(store, 2)
      trips[what] = proxy.take().trips
    }
    expect(trips).toEqual(Object.fromEntries(calls.map(([what]) => [what, 1])))
  })

  test('a poll of a job with a result of 10 MB brings as many bytes as one of a job without', async () => {
    const small = jobOf(301)
    const large = jobOf(302, { responseBody: new Uint8Array(10_000_000).fill(65) })
    for (const job of [small, large]) await store.insert(job)
    const costs = []
    for (const { id } of [small, small, large]) {
      proxy.take()
      await store.get(id, 'head')
      costs.push(proxy.take().answered)
    }
    expect(costs[2]).toBe(costs[1])
    expect(costs[2]).toBeGreaterThan(100)
    await store.get(large.id, 'full')
    expect(proxy.take().answered).toBeGreaterThan(10_000_000)
  })

  test('progress on a job with a body of 10 MB sends none of it', async () => {
    const before = await pool.query('SELECT pg_current_wal_insert_lsn() AS at')
    await store.replace(nextOf(jobOf(302), { percentComplete: 1 }))
    const { rows } = await pool.query('SELECT pg_current_wal_insert_lsn() - $1::pg_lsn AS written', [before.rows[0].at])
    expect(Number(rows[0].written)).toBeLessThan(100_000)
  })
})

test('a write that changes nothing that is searched by touches no index', async () => {
  const schema = freshSchema()
  const store = postgresStore({ client: pool, schema })
  let job = jobOf(1, { status: 'running' })
  await store.insert(job)
  for (let n = 0; n < 100; n++) {
    job = nextOf(job, { percentComplete: n })
    await store.replace(job)
  }
  // Statistics are sent when a transaction ends, once in a while; this sends them now.
  await pool.query('SELECT pg_stat_force_next_flush()')
  const { rows } = await pool.query(
    'SELECT n_tup_upd AS all, n_tup_hot_upd AS hot FROM pg_stat_user_tables WHERE schemaname = $1 AND relname = $2',
    [schema, 'jobs'],
  )
  expect(Number(rows[0].all)).toBe(100)
  expect(Number(rows[0].hot)).toBeGreaterThan(90)
})

test('bodies are kept out of the row and uncompressed', async () => {
  const schema = freshSchema()
  const store = postgresStore({ client: pool, schema })
  await store.insert(jobOf(1, { responseBody: new Uint8Array(1_000_000).fill(65) }))
  const { rows } = await pool.query(
    `SELECT pg_column_size(response_body) AS size, pg_relation_size('${schema}.jobs') AS main FROM ${schema}.jobs`,
  )
  expect(rows[0].size).toBeGreaterThanOrEqual(1_000_000)
  expect(Number(rows[0].main)).toBe(8192)
})
