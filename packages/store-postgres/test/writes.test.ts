import { PGlite } from '@electric-sql/pglite'
import type { Job, JobStore } from '@respond-async/core'
import { postgresStore } from '@respond-async/store-postgres'
import { afterAll, describe, expect, test } from 'vitest'
import { eventOf, idOf, jobOf, nextOf, T0 } from './jobs'
import { fileServer, freshSchema, poolOf, postgresJsOf } from './server'

const { url } = await fileServer()
const pools = [poolOf(url), poolOf(url)] as const
const sql = postgresJsOf(url)
const db = new PGlite()
await db.waitReady
afterAll(async () => {
  await Promise.all([...pools.map((pool) => pool.end()), sql.end(), db.close()])
})

const bytes = (text: string) => new TextEncoder().encode(text)
const plain = (body: Job['requestBody']) => (body && typeof body !== 'string' ? new TextDecoder().decode(body) : body)

describe('one after another and at once', () => {
  test('40 keyed inserts at once over two pools make one job, and all are shown it, ten times over', async () => {
    const schema = freshSchema()
    const stores = pools.map((client) => postgresStore({ client, schema }))
    for (let round = 0; round < 10; round++) {
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, n) =>
          (stores[n % 2] as JobStore).insert(jobOf(round * 40 + n, { owner: round % 2 ? 'ann' : null, idempotencyKey: `key ${round}` })),
        ),
      )
      expect(answers.filter(({ inserted }) => inserted)).toHaveLength(1)
      expect(new Set(answers.map(({ job }) => job.id)).size).toBe(1)
    }
    const { rows } = await pools[0].query(`SELECT count(*)::integer AS jobs FROM ${schema}.jobs`)
    expect(rows).toEqual([{ jobs: 10 }])
  })

  test('an insert that waits for the one that wins is shown it, and inserts when the other is taken back', async () => {
    const schema = freshSchema()
    const [a, b] = pools.map((client) => postgresStore({ client, schema })) as [JobStore, JobStore]
    const holder = await pools[1].connect()
    for (const commits of [true, false]) {
      await holder.query('SELECT pg_advisory_lock(7)')
      const key = `key ${commits}`
      const handOver = [{ text: 'SELECT pg_advisory_xact_lock(7)', values: [] }, ...(commits ? [] : [{ text: 'SELECT 1 / 0', values: [] }])]
      const first = a.insert(jobOf(commits ? 1 : 3, { idempotencyKey: key }), undefined, handOver)
      await expect.poll(() => waiting(schema)).toBe(1)
      const second = b.insert(jobOf(commits ? 2 : 4, { idempotencyKey: key }))
      await expect.poll(() => waiting(schema)).toBe(2)
      first.catch(() => {}) // looked at below
      await holder.query('SELECT pg_advisory_unlock(7)')
      if (commits) {
        expect((await first).inserted).toBe(true)
        expect(await second).toMatchObject({ inserted: false, job: { id: idOf(1) } })
      } else {
        await expect(first).rejects.toThrow('division by zero')
        expect(await second).toMatchObject({ inserted: true, job: { id: idOf(4) } })
      }
    }
    holder.release()
  })

  test('a replace and a claim that waited for the winner are shown the winner, not what was there before', async () => {
    const schema = freshSchema()
    const store = postgresStore({ client: pools[0], schema })
    for (const n of [1, 2]) {
      await store.insert(jobOf(n))
      const winner = await pools[1].connect()
      await winner.query('BEGIN')
      await winner.query(`UPDATE ${schema}.jobs SET version = 2, record = $2 WHERE id = $1`, [
        idOf(n),
        JSON.stringify(nextOf(jobOf(n), { message: 'the winner' })),
      ])
      const loser = n === 1 ? store.replace(nextOf(jobOf(n))) : store.claim?.(idOf(n), 1, { version: 2, status: 'running' })
      await expect.poll(() => waiting(schema)).toBe(1)
      await winner.query('COMMIT')
      winner.release()
      expect(await loser).toMatchObject({ [n === 1 ? 'current' : 'job']: { version: 2, message: 'the winner' } })
    }
  })

  test('of 40 claims at once one wins, with one line of history', async () => {
    const schema = freshSchema()
    const stores = pools.map((client) => postgresStore({ client, schema, maxEvents: 10 }))
    await stores[0]?.insert(jobOf(1), [eventOf(1)])
    const claims = await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        (stores[n % 2] as JobStore).claim?.(idOf(1), 1, { version: 2, status: 'running', attempt: n + 1 }, [eventOf(2)]),
      ),
    )
    const winner = claims.findIndex((answer) => answer?.claimed)
    expect(claims.filter((answer) => answer?.claimed)).toHaveLength(1)
    for (const answer of claims) expect(answer?.job).toMatchObject({ version: 2, status: 'running', attempt: winner + 1 })
    expect((await stores[1]?.events?.(idOf(1), 0, 10))?.events.map(({ version }) => version)).toEqual([1, 2])
  })
})

describe.each([
  ['pg', pools[0]],
  ['postgres.js', sql],
  ['PGlite', db],
])('through %s', (_name, client) => {
  const schema = freshSchema()
  const store = postgresStore({ client, schema, maxEvents: 3 })

  test('a claim writes over a part of the record, clears what is undefined, and gives all of it', async () => {
    const job = jobOf(1, { startedAt: 1, timeoutAt: 2, message: 'a\u0000b', meta: { deep: { a: [1] } }, responseBody: 'out' })
    await store.insert(job)
    const changes: Partial<Job> = {
      ...{ version: 2, revision: 2, status: 'running', attempt: 1, updatedAt: T0 + 1 },
      dueAt: T0 + 2,
      timeoutAt: undefined,
    } as const
    const claimed = await store.claim?.(job.id, 1, changes)
    const expected: Partial<Record<keyof Job, unknown>> = { ...job, ...changes }
    delete expected.timeoutAt
    expect(claimed?.claimed).toBe(true)
    const shown = ({ requestBody, responseBody, ...head }: Job) => ({
      ...head,
      requestBody: plain(requestBody),
      responseBody: plain(responseBody),
    })
    expect(shown(claimed?.job as Job)).toStrictEqual(expected)
    expect(shown((await store.get(job.id, 'full')) as Job)).toStrictEqual(expected)
    expect((await store.due?.(T0 + 2, 10))?.map(({ id }) => id)).toEqual([job.id])

    // Once more over it, and a whole record over both.
    await store.claim?.(job.id, 2, { version: 3, status: 'queued', startedAt: undefined, dueAt: null, requestBody: null })
    const again: typeof expected = { ...expected, version: 3, status: 'queued', dueAt: null, requestBody: null }
    delete again.startedAt
    expect(shown((await store.get(job.id, 'full')) as Job)).toStrictEqual(again)
    const whole = nextOf(again as unknown as Job, { message: 'whole', requestBody: 'in' })
    await store.replace(whole)
    expect(shown((await store.get(job.id, 'full')) as Job)).toStrictEqual({ ...whole, responseBody: 'out' })
  })

  test('a claim of a job that is not there, or at another version, says what is there', async () => {
    await store.insert(jobOf(2))
    expect(await store.claim?.(idOf(99), 1, { version: 2 })).toEqual({ claimed: false, job: null })
    const late = await store.claim?.(idOf(2), 2, { version: 3 })
    expect(late?.claimed).toBe(false)
    expect(late?.job).toMatchObject({ id: idOf(2), version: 1 })
    expect(plain(late?.job?.requestBody)).toBe('{"month":"2026-01"}')
  })

  test('chunks are written, written again, read, and go with their job or its remains', async () => {
    const { blobs } = store
    if (!blobs) throw new Error('there should be a store of bodies')
    const chunk = new Uint8Array(300_000).map((_, at) => at % 251)
    const contents = async (id: string) => Promise.all([blobs.read(id, 'request', 0), blobs.read(id, 'response-1', 1)])
    for (const n of [10, 11, 12, 13]) {
      await blobs.write(idOf(n), 'request', 0, bytes('first'))
      await blobs.write(idOf(n), 'request', 0, chunk.subarray(1))
      await blobs.write(idOf(n), 'response-1', 1, bytes('out'))
      await store.insert(jobOf(n))
    }
    const [request, response] = await contents(idOf(10))
    expect(Buffer.compare(request as Uint8Array, chunk.subarray(1))).toBe(0)
    expect(plain(response)).toBe('out')
    expect(await blobs.read(idOf(10), 'response-1', 0)).toBeNull()

    await blobs.remove(idOf(10), 'response-1')
    expect((await contents(idOf(10))).map((body) => body !== null)).toEqual([false, true])
    await blobs.remove(idOf(10))
    expect(await contents(idOf(10))).toEqual([null, null])
    await store.remove(idOf(11), 2)
    expect((await contents(idOf(11))).includes(null)).toBe(false)
    await store.remove(idOf(11), 1)
    expect(await contents(idOf(11))).toEqual([null, null])
    await store.replace(nextOf(jobOf(12, { version: 5 }), { goneAt: T0 }))
    expect((await contents(idOf(12))).includes(null)).toBe(false)
    await store.replace(nextOf(jobOf(12), { goneAt: T0 }))
    expect(await contents(idOf(12))).toEqual([null, null])
    expect((await contents(idOf(13))).includes(null)).toBe(false)
  })

  test('no more lines of history are kept than asked for', async () => {
    await store.insert(jobOf(20), [eventOf(1)])
    for (let version = 1; version < 6; version++) await store.replace(nextOf(jobOf(20, { version })), [eventOf(version + 1)])
    const history = await store.events?.(idOf(20), 0, 10)
    expect(history?.events.map(({ version }) => version)).toEqual([4, 5, 6])
    expect(history?.truncated).toBe(true)
  })
})

/** How many statements on this schema wait for a lock. */
async function waiting(schema: string): Promise<number> {
  const [row] =
    await sql`SELECT count(*)::integer AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE ${`%"${schema}"%`}`
  return row?.n ?? 0
}
