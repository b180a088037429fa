import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { createJobs, type Job, sizeOf } from '@respond-async/core'
import { testStore } from '@respond-async/store-testkit/vitest'
import { describe, expect, it } from 'vitest'
import { D1_SCHEMA, d1Store } from '../src/d1'
import { listQuery } from '../src/d1-list'
import { respondAsync } from '../src/index'

const clear = async () => {
  for (const table of ['jobs', 'bodies', 'chunks', 'events']) await env.DB.prepare(`DROP TABLE IF EXISTS respond_async_${table}`).run()
}
const open = () => d1Store({ database: env.DB, maxEvents: 100 })

testStore('d1Store', async () => {
  await clear()
  return { a: open(), b: open(), reopen: async () => open() }
})

describe('bodies and chunks that are text', () => {
  const encoder = new TextEncoder()

  it.each(['\ufeffgrün', '\0\0', '', '\ud83d\ude00'])('come back to the byte: %j', async (text) => {
    const { blobs } = open()
    await blobs?.write('text', 'request', 0, encoder.encode(text))
    expect(await blobs?.read('text', 'request', 0)).toEqual(encoder.encode(text))
    await blobs?.remove('text')
  })
})

describe('a lease', () => {
  it('that is renewed late leaves others their turn, though the local D1 answers without one', async () => {
    const store = open()
    let renewals = 0
    const jobs = createJobs({
      leaseMs: 1_000,
      store: {
        ...store,
        async replace(next, events) {
          const isLate = next.status === 'running' && ++renewals <= 10
          for (const until = Date.now() + 400; isLate && Date.now() < until; ) await store.get(next.id, 'head')
          return store.replace(next, events)
        },
      },
    })
    let seen = 0
    const run = respondAsync(jobs, 'waits', async () => {
      await scheduler.wait(700)
      seen = renewals
      return new Response()
    })
    const context = createExecutionContext()
    await run(new Request('https://example.com/', { method: 'POST' }), env, context)
    await waitOnExecutionContext(context)
    expect(seen).toBeGreaterThan(0)
    expect(seen).toBeLessThanOrEqual(3)
  })
})

describe('a record', () => {
  it('has limits with which it fits into a row of 2 MB, also where columns repeat its owner, operation and key', () => {
    const { capabilities, blobs } = open()
    expect(capabilities).toMatchObject({ maxRecordBytes: 900_000, maxBodyBytes: 900_000 }) // the local D1 takes larger rows, too
    expect(blobs?.maxBodyBytes).toBe(1_073_741_824)
  })

  it('is measured in bytes, of which it may have as many as is said', async () => {
    const store = open()
    const made = { id: crypto.randomUUID(), version: 1, revision: 1, operation: 'report', owner: null, status: 'queued' } as const
    const rest = { createdAt: 1, updatedAt: 1, dueAt: 5, attempt: 0, maxAttempts: 1, dispatch: 1, request: null, response: null } as const
    const jobWith = (message: string): Job => ({ ...made, ...rest, message })
    const left = 900_000 - sizeOf(JSON.stringify(jobWith('')))
    const text = 'ж'.repeat(left / 2).padEnd(left / 2 + (left % 2), 'x')
    const answer = (message: string) =>
      store.insert(jobWith(message)).then(
        ({ inserted }) => inserted,
        ({ code }) => code,
      )
    expect([await answer(`${text}x`), await answer(text)]).toEqual(['too_large', true])
    expect((await store.get(made.id))?.message === text).toBe(true)
    await store.remove(made.id)
  })

  it('stays where it is in lists and in what is due if a claim changes neither its state nor its time', async () => {
    const store = open()
    const id = crypto.randomUUID()
    const made = { id, version: 1, revision: 1, operation: 'report', owner: 'bob', status: 'queued', createdAt: 1, updatedAt: 1 } as const
    await store.insert({ ...made, dueAt: 5, attempt: 0, maxAttempts: 1, dispatch: 1, request: null, response: null })
    await store.claim?.(id, 1, { version: 2, message: 'm' })
    const after = expect.objectContaining({ id, version: 2, message: 'm', status: 'queued', dueAt: 5 })
    expect(await store.due?.(5, 100)).toContainEqual(after)
    expect((await store.list?.({ owner: 'bob', status: 'queued', limit: 1 }))?.jobs).toEqual([after])
    await store.remove(id)
  })
})

describe('a list', () => {
  it.each([undefined, 'ann'])('has jobs of the same time in one order, whatever their state and operation, of %s', async (owner) => {
    await clear()
    const store = open()
    const made = { version: 1, revision: 1, owner: 'ann', createdAt: 1, updatedAt: 1, dueAt: 5, attempt: 0, maxAttempts: 1 } as const
    for (const [at, id] of ['a', 'b', 'c', 'd', 'e', 'f'].entries())
      await store.insert({
        ...{ ...made, id, operation: at % 3 ? 'report' : 'export', status: at % 2 ? 'queued' : 'running' },
        ...{ dispatch: 1, request: null, response: null },
      })
    const status = ['queued', 'running'] as const
    const { jobs = [] } = (await store.list?.({ owner, status, limit: 10 })) ?? {}
    expect(jobs.map(({ id }) => id).join('')).toBe('fedcba')
    await clear()
  })
})

describe('the history', () => {
  const count = 'SELECT count(*) AS events FROM respond_async_events WHERE job_id = ?'

  it.each([0, 1, 3])('has the last events of a job, whatever others have, and the table no more than these: %i', async (maxEvents) => {
    const store = d1Store({ database: env.DB, maxEvents })
    const id = crypto.randomUUID()
    const made = { id, revision: 1, operation: 'report', owner: null, status: 'queued', createdAt: 1, updatedAt: 1, dueAt: 5 } as const
    const job = { ...made, attempt: 0, maxAttempts: 1, dispatch: 1, request: null, response: null }
    const of = (version: number) => [{ version, at: version, type: 'progress', status: 'queued', attempt: 0 }] as const
    const others = [crypto.randomUUID(), crypto.randomUUID()] as const
    await store.insert({ ...job, id: others[0], version: 1 }, of(1))
    await store.insert({ ...job, version: 1 }, of(1))
    for (let version = 2; version < 6; version++) await store.replace({ ...job, version }, of(version))
    await store.insert({ ...job, id: others[1], version: 1 }, of(1))
    await store.claim?.(id, 5, { version: 6 }, of(6))
    expect(await env.DB.prepare(count).bind(id).first()).toEqual({ events: maxEvents })
    const kept = [4, 5, 6].slice(3 - maxEvents).flatMap(of)
    expect(await store.events?.(id, 0, 100)).toEqual(maxEvents > 0 ? { events: kept, truncated: true } : undefined)
    const dropped = 6 - maxEvents
    for (const [after, truncated] of [
      [dropped - 1, true],
      [dropped, false],
    ] as const)
      if (maxEvents > 0) expect(await store.events?.(id, after, 100)).toEqual({ events: kept, truncated })
    await store.remove(id)
    expect(await env.DB.prepare(count).bind(id).first()).toEqual({ events: 0 })
    for (const other of others) {
      expect(await env.DB.prepare(count).bind(other).first()).toEqual({ events: Math.min(maxEvents, 1) })
      await store.remove(other)
    }
  })
})

describe('a full database', () => {
  const job = (): Job => ({
    ...{ id: crypto.randomUUID(), version: 1, revision: 1, operation: 'report', owner: null, status: 'queued', createdAt: 1, updatedAt: 1 },
    ...{ dueAt: 5, attempt: 0, maxAttempts: 1, dispatch: 1, request: null, response: null },
  })

  it('is told from one that is out of reach', async () => {
    await clear()
    const store = open()
    await store.get('a')
    await env.DB.prepare('DROP TABLE respond_async_events').run()
    // SQLite says the same where there is no room and where there is no number for a row.
    const numbered = 'number INTEGER PRIMARY KEY AUTOINCREMENT, job_id, version, data'
    await env.DB.prepare(`CREATE TABLE respond_async_events (${numbered})`).run()
    await env.DB.prepare('INSERT INTO respond_async_events (number) VALUES (9223372036854775807)').run()
    const made = job()
    await expect(store.insert(made, [{ version: 1, at: 1, type: 'submit', status: 'queued', attempt: 0 }])).rejects.toMatchObject({
      code: 'store_full',
      cause: { message: expect.stringContaining('database or disk is full: SQLITE_FULL') },
    })
    expect(await store.get(made.id)).toBeNull()
    await clear()
  })

  it.each([
    ['Exceeded maximum DB size.', 'store_full'],
    ["Your account has exceeded D1's maximum account storage limit, please contact Cloudflare to raise your limit.", 'store_full'],
    ['D1 DB is overloaded. Requests queued for too long.', undefined],
  ])('is told by what the platform says at its limits: %s', async (text, code) => {
    const store = open()
    await store.get('a')
    // Only a trigger says this here.
    const says = `BEGIN SELECT RAISE(ABORT, '${text.replaceAll("'", "''")}'); END`
    for (const table of ['jobs', 'chunks'])
      await env.DB.prepare(`CREATE TRIGGER full_${table} BEFORE INSERT ON respond_async_${table} ${says}`).run()
    const failed = { code, message: expect.stringMatching(code ? 'full' : text) }
    await expect(store.insert(job()).catch(({ code, message }) => ({ code, message }))).resolves.toEqual(failed)
    const write = store.blobs?.write('a', 'request', 0, new Uint8Array(1))
    await expect(write?.catch(({ code, message }) => ({ code, message }))).resolves.toEqual(failed)
    await clear()
  })
})

describe('the tables', () => {
  it('are made once, by many at the same time, when they are first missed', async () => {
    await clear()
    const stores = Array.from({ length: 10 }, open)
    expect(await Promise.all(stores.map((store) => store.get('a', 'head')))).toEqual(stores.map(() => null))
  })

  it('are left to a migration where that is asked for', async () => {
    await clear()
    const store = d1Store({ database: env.DB, migrate: false })
    await expect(store.get('a')).rejects.toThrow(/no such table/)
    for (let times = 0; times < 2; times++) for (const statement of D1_SCHEMA) await env.DB.prepare(statement).run()
    expect(await store.get('a')).toBe(null)
  })

  it('of an earlier version get the index that they lack when it is first missed, by many at the same time', async () => {
    await clear()
    await open().get('a')
    const drop = () => env.DB.prepare('DROP INDEX respond_async_jobs_all').run()
    await drop()
    const lists = await Promise.all(Array.from({ length: 10 }, () => open().list?.({ limit: 1 })))
    expect(lists).toEqual(lists.map(() => ({ jobs: [], cursor: undefined })))
    await drop()
    const byHand = d1Store({ database: env.DB, migrate: false })
    expect(await byHand.get('a')).toBe(null)
    await expect(byHand.list?.({ limit: 1 })).rejects.toThrow(/no such index: respond_async_jobs_all/)
    for (const statement of D1_SCHEMA) await env.DB.prepare(statement).run()
    expect((await byHand.list?.({ limit: 1 }))?.jobs).toEqual([])
  })

  it('have an index for every search, and none reads more rows than it has to', async () => {
    const plan = async (query: string, ...values: unknown[]) => {
      const { results } = await env.DB.prepare(`EXPLAIN QUERY PLAN ${query}`)
        .bind(...values)
        .all<{ detail: string }>()
      return results.map(({ detail }) => detail)
    }
    const where = { owner: 'ann', limit: 20, cursor: '5_a' }
    const newest = 'SEARCH respond_async_jobs USING INDEX respond_async_jobs_newest (owner=? AND (created_at,id)<(?,?))'
    const ofStatus = 'SEARCH respond_async_jobs USING INDEX respond_async_jobs_status (owner=? AND status=? AND (created_at,id)<(?,?))'
    expect(await plan(...listQuery(where))).toEqual([newest])
    expect(await plan(...listQuery({ ...where, operation: 'report' }))).toEqual([newest])
    const both = await plan(...listQuery({ ...where, status: ['queued', 'running'] }))
    expect(both.filter((line) => line === ofStatus).length).toBe(2)
    expect(both.filter((line) => line.startsWith('SCAN respond'))).toEqual([])
    expect(await plan('SELECT head FROM respond_async_jobs WHERE due_at <= ? ORDER BY due_at LIMIT ?', 1, 1)).toEqual([
      'SEARCH respond_async_jobs USING INDEX respond_async_jobs_due (due_at<?)',
    ])
    const keyed = await plan(
      'SELECT head FROM respond_async_jobs WHERE (id = ?1 OR (owner = ?2 AND idempotency_key = ?3)) AND token <> ?4',
      'a',
      '',
      'k',
      't',
    )
    const holder = await plan('SELECT head FROM respond_async_jobs WHERE owner = ? AND idempotency_key = ?', '', 'k')
    expect(holder).toEqual(['SEARCH respond_async_jobs USING INDEX respond_async_jobs_key (owner=? AND idempotency_key=?)'])
    await env.DB.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
        INSERT INTO respond_async_jobs (id, version, owner, status, operation, created_at, due_at, token, head)
        SELECT 'rows-' || i, 1, '=ann', iif(i % 100, 'succeeded', 'queued'), 'report', i, i, '', '{}' FROM n`,
    ).run()
    for (const status of [undefined, 'queued', 'failed', ['queued', 'running', 'failed']] as const) {
      const [text, ...values] = listQuery({ owner: 'ann', limit: 10, status })
      const { meta } = await env.DB.prepare(text)
        .bind(...values)
        .all()
      expect(meta.rows_read).toBeLessThan(50)
    }
    // A page for each operation and state that has so many, and the way from one operation to the next.
    for (const operation of [undefined, 'report', 'none'])
      for (const status of [undefined, 'queued', 'failed', ['queued', 'running', 'failed']] as const) {
        const [text, ...values] = listQuery({ limit: 10, status, operation, cursor: '2500_a' })
        const { meta } = await env.DB.prepare(text)
          .bind(...values)
          .all()
        expect(meta.rows_read).toBeLessThan(150) // of 5,000; what is read of a list of values counts too
      }
    await env.DB.exec('DELETE FROM respond_async_jobs')
    expect(keyed.join()).toContain('respond_async_jobs_key (owner=? AND idempotency_key=?)')
  })
})

describe('set-up', () => {
  it('says what to do when the binding is missing', () => {
    expect(() => d1Store({ database: undefined as never })).toThrow(/wrangler\.jsonc/)
    expect(() => d1Store(env.DB as never)).toThrow('d1Store({ database: env.DB })')
    expect(() => d1Store({ databse: env.DB } as never)).toThrow('d1Store({ database: env.DB })')
    expect(() => d1Store({ database: env.DB, maxEvents: -1 })).toThrow(/maxEvents/)
    expect(() => d1Store({ database: env.DB, maxEvent: 5 } as never)).toThrow('d1Store: maxEvent is not an option')
  })
})
