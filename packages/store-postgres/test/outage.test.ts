import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { PGlite } from '@electric-sql/pglite'
import type { JobStore } from '@respond-async/core'
import { postgresStore } from '@respond-async/store-postgres'
import pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { idOf, jobOf, nextOf } from './jobs'
import { fileServer, freshSchema, poolOf, postgresJsOf } from './server'

const server = await fileServer()
const { url } = server
const pool = poolOf(url)
const sql = postgresJsOf(url, { backoff: () => 0.1 })
const db = new PGlite()
/** For what the tests themselves look at. */
const looking = poolOf(url)
const others: pg.Pool[] = [looking]
afterAll(async () => {
  await Promise.all([pool.end(), sql.end({ timeout: 1 }), db.close(), ...others.map((other) => other.end())])
})

describe.each([
  ['pg', pool],
  ['postgres.js', sql],
])('through %s', { timeout: 120_000 }, (_name, client) => {
  test('calls in flight and new ones reject while the server is down, and go on when it is back', async () => {
    const schema = freshSchema()
    const store = postgresStore({ client, schema })
    await store.insert(jobOf(1))
    const locker = poolOf(url)
    others.push(locker)
    const lock = await locker.connect()
    lock.on('error', () => {})
    await lock.query(`BEGIN; LOCK TABLE ${schema}.jobs`)
    const flying = store.replace(nextOf(jobOf(1))).then(
      () => 'answered',
      () => 'rejected',
    )
    const handing = store.insert(jobOf(2)).then(
      () => 'answered',
      () => 'rejected',
    )
    await expect.poll(async () => (await looking.query("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'")).rowCount).toBe(2)
    await server.kill()
    expect(await Promise.all([flying, handing])).toEqual(['rejected', 'rejected'])
    lock.release(true)
    await expect(store.get(idOf(1), 'head')).rejects.toThrow()
    await expect(store.insert(jobOf(3), undefined, async () => {})).rejects.toThrow()
    await server.restart()
    await expect.poll(() => store.get(idOf(1), 'head').catch(() => undefined), { timeout: 60_000 }).toMatchObject({ version: 1 })
    expect(await store.get(idOf(2), 'head')).toBeNull()
    expect((await store.insert(jobOf(2))).inserted).toBe(true)
  })

  test('a store that finds no server when it starts makes its tables later', async () => {
    const store = postgresStore({ client, schema: freshSchema() })
    await server.kill()
    await expect(store.get(idOf(1), 'head')).rejects.toThrow()
    await server.restart()
    await expect.poll(() => store.get(idOf(1), 'head').catch(() => undefined), { timeout: 60_000 }).toBeNull()
  })
})

/** What a server says that ends a connection. */
const FATAL = Buffer.from('E\0\0\0\x1eSFATAL\0C57P01\0Mgoes down\0\0', 'latin1')
const READY = Buffer.from('Z\0\0\0\x05I', 'latin1')

/** Something between clients and the server that takes each connection, and passes on what `isSilent` does not swallow. */
async function balancing(isSilent: (socket: Socket) => boolean) {
  const balancer = createServer((client) => {
    client.on('error', () => {})
    if (isSilent(client)) return void client.resume()
    const through = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => {})
    client.pipe(through).pipe(client)
    client.on('close', () => through.destroy())
  }).listen(0, '127.0.0.1')
  await once(balancer, 'listening')
  const through = new URL(url)
  through.port = `${(balancer.address() as AddressInfo).port}`
  return { url: through.href, close: () => balancer.close() }
}

test('a first call that is never answered does not hold those that come after it', async () => {
  const sockets: Socket[] = []
  const balancer = await balancing((socket) => sockets.push(socket) === 1)
  const client = poolOf(balancer.url, { max: 2 })
  const store = postgresStore({ client, schema: freshSchema() })
  const first = store.insert(jobOf(1)).catch(() => 'lost')
  expect((await store.insert(jobOf(2))).inserted).toBe(true)
  sockets[0]?.destroy()
  expect(await first).toBe('lost')
  await client.end()
  balancer.close()
})

test('a pool of pg whose new connection is ended as soon as it is ready rejects, and does not end the process', async () => {
  let isGoing = false
  const proxy = createServer((client) => {
    const through = connect(Number(new URL(url).port), '127.0.0.1')
    client.pipe(through).on('error', () => {})
    through.on('data', (data) => {
      if (isGoing && data.includes(READY))
        client.unpipe().end(Buffer.concat([data, FATAL])) // as one chunk, as it comes where much is going on
      else client.write(data)
    })
    client.on('error', () => {}).on('close', () => through.destroy())
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const through = new URL(url)
  through.port = `${(proxy.address() as AddressInfo).port}`
  const other = poolOf(through.href, { maxUses: 1 })
  others.push(other)
  const store = postgresStore({ client: other, schema: freshSchema() })
  await store.insert(jobOf(1))
  isGoing = true
  await expect(store.insert(jobOf(2))).rejects.toThrow()
  isGoing = false
  expect((await store.insert(jobOf(2))).inserted).toBe(true)
  proxy.close()
})

/** The next version that a watcher hears of, once it is this one or newer. */
async function heard(watcher: AsyncIterator<number>, version: number): Promise<number> {
  for (;;) {
    const { value, done } = await watcher.next()
    if (done) throw new Error('the watch ended')
    if (value >= version) return value
  }
}
const watch = (store: JobStore, id: string, signal: AbortSignal) => {
  if (!store.watch) throw new Error('the store has no watch')
  return store.watch(id, signal)[Symbol.asyncIterator]()
}
/** How many connections listen. */
const listeners = async (schema: string) =>
  (await looking.query(`SELECT pid FROM pg_stat_activity WHERE query ILIKE 'listen "${schema}_jobs"' OR query = 'LISTEN ${schema}_jobs'`))
    .rows

describe.each([
  ['pg', pool, () => new pg.Client(url)],
  ['postgres.js', sql, true],
] as const)('a watch through %s', (_name, client, how) => {
  const open = () => {
    const schema = freshSchema()
    return {
      schema,
      store: postgresStore({ client, schema, watch: how }),
      writer: postgresStore({ client: pool, schema, notify: true }),
      quiet: postgresStore({ client: pool, schema }),
    }
  }

  test('uses one connection for all, and begins again by itself with what was missed meanwhile', async () => {
    const { schema, store, writer, quiet } = open()
    const stop = new AbortController()
    for (const n of [1, 2, 3]) await writer.insert(jobOf(n))
    const watchers = [1, 2, 3].map((n) => watch(store, idOf(n), stop.signal))
    // Told of what is there as soon as it listens.
    expect(await Promise.all(watchers.map((watcher) => heard(watcher, 1)))).toEqual([1, 1, 1])
    expect(await listeners(schema)).toHaveLength(1)
    await writer.replace(nextOf(jobOf(1)))
    expect(await heard(watchers[0] as AsyncIterator<number>, 2)).toBe(2)

    const [listener] = await listeners(schema)
    const missed = heard(watchers[1] as AsyncIterator<number>, 2)
    // Not told of by its writer: only the look at what is there, after the connection is made again, can bring it.
    await quiet.replace(nextOf(jobOf(2)))
    await looking.query('SELECT pg_terminate_backend($1)', [listener.pid])
    expect(await missed).toBe(2)
    expect((await listeners(schema))[0]?.pid).not.toBe(listener.pid)
    await writer.replace(nextOf(jobOf(3)))
    expect(await heard(watchers[2] as AsyncIterator<number>, 2)).toBe(2)
    await store.close?.()
    for (const watcher of watchers) expect((await watcher.next()).done).toBe(true)
    if (typeof how === 'function') await expect.poll(() => listeners(schema)).toEqual([])
  })

  test('begins again after the server was down', { timeout: 120_000 }, async () => {
    const { schema, store, writer } = open()
    const stop = new AbortController()
    await writer.insert(jobOf(1))
    const watcher = watch(store, idOf(1), stop.signal)
    expect(await heard(watcher, 1)).toBe(1)
    await server.kill()
    await expect(writer.get(idOf(1))).rejects.toThrow()
    await server.restart()
    await expect.poll(() => listeners(schema).catch(() => []), { timeout: 60_000 }).toHaveLength(1)
    await writer.replace(nextOf(jobOf(1)))
    expect(await heard(watcher, 2)).toBe(2)
    stop.abort()
    await store.close?.()
  })

  test('hears nothing from an instance that does not tell', async () => {
    const { store, writer, quiet } = open()
    const stop = new AbortController()
    await quiet.insert(jobOf(1))
    const watcher = watch(store, idOf(1), stop.signal)
    expect(await heard(watcher, 1)).toBe(1)
    await quiet.replace(nextOf(jobOf(1)))
    await writer.replace(nextOf(jobOf(1, { version: 2 })))
    expect((await watcher.next()).value).toBe(3)
    stop.abort()
    await store.close?.()
  })
})

test('a watch whose connection cannot be made fails, and the next one is tried again', async () => {
  let port = 1
  const schema = freshSchema()
  const client = () => new pg.Client(port ? url.replace(/:\d+\//, `:${port}/`) : url)
  const store = postgresStore({ client: pool, schema, watch: client })
  await store.insert(jobOf(1))
  const stop = new AbortController()
  await expect(watch(store, idOf(1), stop.signal).next()).rejects.toThrow('ECONNREFUSED')
  port = 0
  expect(await heard(watch(store, idOf(1), stop.signal), 1)).toBe(1)
  await store.close?.()
})

test('a watch whose new connection hangs gives it up, and begins again on another', async () => {
  const sockets = new Set<Socket>()
  let isSilent = false
  const balancer = await balancing((socket) => {
    sockets.add(socket)
    return isSilent
  })
  const schema = freshSchema()
  const store = postgresStore({ client: pool, schema, watch: () => new pg.Client(balancer.url) })
  const stop = new AbortController()
  await store.insert(jobOf(1))
  const watcher = watch(store, idOf(1), stop.signal)
  expect(await heard(watcher, 1)).toBe(1)

  isSilent = true
  for (const socket of sockets) socket.destroy()
  sockets.clear()
  await expect.poll(() => sockets.size, { timeout: 10_000 }).toBe(1)
  isSilent = false
  await store.replace(nextOf(jobOf(1)))
  expect(await heard(watcher, 2)).toBe(2)
  await expect.poll(() => [...sockets].map(({ destroyed }) => destroyed)).toEqual([true, false])
  stop.abort()
  await store.close?.()
  balancer.close()
})

test('a PGlite tells its own watchers', async () => {
  const store = postgresStore({ client: db, watch: true })
  const stop = new AbortController()
  await store.insert(jobOf(1))
  const watcher = watch(store, idOf(1), stop.signal)
  expect(await heard(watcher, 1)).toBe(1)
  await store.replace(nextOf(jobOf(1)))
  expect(await heard(watcher, 2)).toBe(2)
  stop.abort()
  await store.close?.()
})
