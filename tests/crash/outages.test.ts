/** The store's server is away, hangs, is full, or holds what is no job: clients are told to come again, and then all is as it was. */
import { Redis } from 'ioredis'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { call, look, type Reply, submit } from './client'
import { type Fleet, startFleet } from './fleet'
import { chosen, type StoreServer } from './pairs'
import { freeze } from './servers'

const WAIT = { timeout: 30_000, interval: 50 }
const OPTIONS = { leaseMs: 1_000, sweepMs: 300, startDeadlineMs: 1_000, storeTimeoutMs: 1_000 }

/** What is done to a server by hand. */
interface Hands {
  /** Takes no writes any more. */
  fill(): Promise<void>
  empty(): Promise<void>
  /** Overwrites the record of a job; it is the first that a sweep would find. */
  spoil(id: string): Promise<void>
  close(): Promise<unknown>
}

const onPostgres = (url: string): Hands => {
  const pool = new pg.Pool({ connectionString: url, max: 1 })
  pool.on('error', () => {}) // the server is killed under it
  const readOnly = async (word: 'on' | 'off') => {
    await pool.query(`ALTER SYSTEM SET default_transaction_read_only = ${word}`)
    await pool.query('SELECT pg_reload_conf()')
  }
  return {
    fill: () => readOnly('on'),
    // This connection's own transactions are read-only too, by then.
    empty: () => pool.query('SET default_transaction_read_only = off').then(() => readOnly('off')),
    spoil: async (id) => void (await pool.query(`UPDATE respond_async.jobs SET record = '{"rubbish', due_at = 1 WHERE id = $1`, [id])),
    close: () => pool.end(),
  }
}
const onRedis = (url: string): Hands => {
  const redis = new Redis(url)
  redis.on('error', () => {}) // as above
  const limit = async (bytes: string) => void (await redis.config('SET', 'maxmemory', bytes))
  return {
    fill: () => limit('1'),
    empty: () => limit('0'),
    async spoil(id) {
      await redis.set(`{respond-async}:j:${id}`, 'rubbish')
      await redis.zadd('{respond-async}:due', 1, id)
    },
    close: async () => redis.disconnect(),
  }
}

describe.each(chosen(['postgres', 'redis']))('$title', { timeout: 60_000 }, (pair) => {
  let server: StoreServer
  let fleet: Fleet
  let hands: Hands
  beforeAll(async () => {
    if (pair.skipped) return
    server = await pair.start()
    fleet = await startFleet({ ...pair, roles: pair.roles.slice(1), url: server.url, jobs: OPTIONS })
    hands = (server.url.startsWith('redis:') ? onRedis : onPostgres)(server.url)
  }, 60_000)
  afterAll(async () => {
    await hands?.close()
    await fleet?.stop()
    await server?.stop()
  })

  const ports = () => fleet.ports() as [number, number]
  const user = { 'x-user': 'somebody' }
  /** With its key, as often as it takes. */
  const accept = (key: string, more: object = {}): Promise<string> =>
    vi.waitFor(async () => {
      const { status, body } = await submit(ports()[0], { key, ...more }, { ...user, 'idempotency-key': key })
      expect(status).toBe(202)
      return body.id ?? ''
    }, WAIT)
  const succeeded = (id: string) => vi.waitFor(async () => expect((await look(ports()[1], id, user))?.status).toBe('succeeded'), WAIT)
  const isUnavailable = ({ status, headers, body }: Reply, code = 'store-unavailable') => {
    expect([status, headers.get('content-type'), body.code]).toEqual([503, 'application/problem+json', code])
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
  }
  /** Of one owner, as all instances tell it. */
  const listed = async (owner: string) => {
    const all = await Promise.all(ports().map((port) => call(port, '/jobs?limit=100', { headers: { 'x-user': owner } })))
    return all.map(({ status, body }) => (status === 200 ? (body.jobs ?? []).map(({ id }) => id) : [status]))
  }
  const ran = (prefix: string) => fleet.lines().filter(({ key, event }) => event === 'start' && key.startsWith(prefix))

  /** One of each kind of request, which none can be done without the store. */
  const ask = (id: string, key: string): Promise<Reply>[] => [
    submit(ports()[0], { key }, { 'x-user': key }),
    call(ports()[0], `/jobs/${id}`, { headers: user }),
    call(ports()[1], `/jobs/${id}/result`, { headers: user }),
    call(ports()[1], '/jobs', { headers: user }),
    call(ports()[0], `/jobs/${id}/cancel`, { method: 'POST', headers: user }),
  ]
  /** As soon as there is a store again, without a restart; and of the requests that were refused there is nothing. */
  const isBack = async (id: string, key: string) => {
    await vi.waitFor(async () => expect((await look(ports()[0], id, user))?.status).toBe('succeeded'), WAIT)
    await succeeded(await accept(`${key}-after`))
    await vi.waitFor(async () => expect(await listed(key)).toEqual([[], []]), WAIT)
    expect(ran(key).map((line) => line.key)).toEqual([`${key}-after`])
    expect(fleet.fallen).toBe(0)
  }

  it.skipIf(pair.skipped)('is away: 503, and back when it is back', async () => {
    const id = await accept('first')
    await succeeded(id)
    await server.kill?.()
    for (const answer of await Promise.all(ask(id, 'away'))) isUnavailable(answer)
    await server.restart?.()
    await isBack(id, 'away')
  })

  it.skipIf(pair.skipped)('hangs: 503 after storeTimeoutMs, and back when it goes on', async () => {
    const id = await accept('second')
    await succeeded(id)
    const goOn = freeze(server.url)
    try {
      for (const answer of await Promise.all(ask(id, 'hangs'))) isUnavailable(answer)
    } finally {
      goOn()
    }
    await isBack(id, 'hangs')
  })

  it.skipIf(pair.skipped)('hangs while a client tries again with its key: the job that it is told of at last is there', async () => {
    const keys = Array.from({ length: 12 }, (_, at) => `again-${at}`)
    const goOn = freeze(server.url)
    const retries: Promise<Reply>[] = []
    try {
      const refused = await Promise.all(keys.map((key) => submit(ports()[0], { key, ms: 200 })))
      for (const answer of refused) isUnavailable(answer)
      retries.push(...keys.map((key) => submit(ports()[1], { key, ms: 200 })))
      // When they have come in: what is asked later by the same connection is answered after them, and this needs no store.
      await call(ports()[1], '/nothing').catch(() => {})
    } finally {
      goOn()
    }
    for (const [at, answer] of (await Promise.all(retries)).entries()) {
      const key = keys[at] ?? ''
      const again = async () => {
        const reply = await submit(ports()[1], { key, ms: 200 })
        expect(reply.status).toBe(202)
        return reply
      }
      const { id = '' } = (answer.status === 202 ? answer : await vi.waitFor(again, WAIT)).body
      await vi.waitFor(async () => {
        const one = await look(ports()[0], id)
        if (one?.status === 'missing') throw new Error(`The job of ${key} is gone`)
        expect(one).toMatchObject({ status: 'succeeded', result: { key } })
      }, WAIT)
    }
    expect(new Set(ran('again-').map(({ id }) => id)).size).toBe(keys.length)
  })

  it.skipIf(pair.skipped)('takes no writes: 503, reads go on; what ran meanwhile is done when it does', async () => {
    const id = await accept('third')
    await succeeded(id)
    const running = await accept('full-ran', { gate: 'full' })
    await vi.waitFor(() => expect(ran('full-ran')).toHaveLength(1), WAIT)
    await hands.fill()
    const taken: string[] = [] // until all connections know
    await vi.waitFor(async () => {
      const { status, headers, body } = await submit(ports()[0], { key: 'full' }, { 'x-user': 'full' })
      if (status === 202) taken.push(body.id ?? '')
      expect(status).toBe(503)
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    }, WAIT)
    fleet.open('full')
    await vi.waitFor(() => expect(fleet.lines().some(({ event, key }) => event === 'end' && key === 'full-ran')).toBe(true), WAIT)
    expect((await look(ports()[0], id, user))?.status).toBe('succeeded')
    expect((await look(ports()[1], running, user))?.status).toBe('running')
    await hands.empty()
    await succeeded(running)
    await succeeded(await accept('full-after'))
    expect(await listed('full')).toEqual([taken.toReversed(), taken.toReversed()])
  })

  it.skipIf(pair.skipped)('holds a broken record: 503 for that job; the others are served, and repaired', async () => {
    const spoiled = await accept('spoiled')
    await succeeded(spoiled)
    const lost = await accept('lost', { gate: 'lost' })
    await vi.waitFor(() => expect(ran('lost')).toHaveLength(1), WAIT)
    await hands.spoil(spoiled)
    isUnavailable(await call(ports()[0], `/jobs/${spoiled}`, { headers: user }))
    isUnavailable(await call(ports()[0], `/jobs/${spoiled}/result`, { headers: user }))
    const victim = fleet.members.find(({ pid }) => pid === ran('lost')[0]?.pid)
    await victim?.kill()
    fleet.open('lost')
    // Nobody asks for it: only a sweep can find it.
    await vi.waitFor(() => expect(ran('lost').length).toBeGreaterThan(1), WAIT)
    await succeeded(lost)
    await succeeded(await accept('beside-rubbish'))
  })
})
