import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { type BlobStore, type Job, type LifecycleEvent, sizeOf, transition } from '@respond-async/core'
import { describe, expect, it, vi } from 'vitest'
import { durableObjectStore } from '../src/durable-object'
import { startAlarm } from '../src/object-alarm'
import { jobIndex } from '../src/object-index'
import { type IndexRow, indexName, jobName, keyName, type ObjectStub, objectOf, type WrittenJob } from '../src/object-protocol'
import { open } from './worker'

const store = durableObjectStore(env.JOBS)
const blobs = store.blobs as BlobStore
const objectAt = (name: string) => env.JOBS.get(env.JOBS.idFromName(name))
/** Tables and keys that an object keeps, and its alarm. */
const keptIn = (name: string) =>
  runInDurableObject(objectAt(name), async (_, { storage }) => ({
    keys: [...storage.kv.list()].map(([key]) => key),
    tables: storage.sql
      .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'")
      .toArray()
      .map((table) => table.name),
    alarm: await storage.getAlarm(),
  }))
const jobOf = (owner: string, more: Partial<Job> = {}): Job => ({
  ...{ id: crypto.randomUUID(), version: 1, revision: 1, operation: 'none', owner, status: 'queued', createdAt: 1, updatedAt: 1 },
  ...{ dueAt: null, attempt: 0, maxAttempts: 1, dispatch: 1, request: null, response: null, requestBody: null, responseBody: null },
  ...more,
})
const listed = async (owner: string) => {
  const { heads } = await objectOf(env.JOBS, indexName(owner)).rows({ limit: 100 })
  return heads.map((head) => JSON.parse(head) as Job).map(({ id, version }) => [id, version])
}

/** The store, with what it calls of the objects of jobs, keys and indexes; `before` each call something may be waited for. */
const watched = (before?: (name: string) => Promise<void>) => {
  const calls: string[] = []
  const over = durableObjectStore({
    idFromName: (name) => env.JOBS.idFromName(name),
    get(id) {
      const object = env.JOBS.get(id)
      const method =
        (_: object, name: keyof typeof object) =>
        async (...args: never[]) => {
          calls.push(name)
          await before?.(name)
          return Reflect.apply(object[name] as () => unknown, object, args)
        }
      return new Proxy({}, { get: method as never })
    },
  })
  return { over, calls }
}

describe('the index of an owner', () => {
  it('is told of changes that a client can see, and of no others', async () => {
    const { over, calls } = watched()
    const count = (called: string) => calls.filter((call) => call === called).length
    const leaseMs = 100_000
    let job = jobOf('bella', {
      idempotencyKey: 'k',
      dueAt: Date.now() + leaseMs,
      webhook: { url: 'https://a.example/', attempts: 0, log: [] },
    })
    const go = async (event: LifecycleEvent, now = Date.now()) => {
      job = transition(job, event, now) as Job
      expect((await over.replace(job)).replaced).toBe(true)
      return count('putRow')
    }
    const list = async (status?: Job['status']) => (await over.list?.({ owner: 'bella', status, limit: 10 }))?.jobs
    const head = () => expect.objectContaining({ id: job.id, version: job.version, status: job.status, dueAt: job.dueAt })
    await over.insert(job)
    await go({ type: 'redispatch', dueAt: job.dueAt as number })
    expect(await go({ type: 'start', leaseMs, maxRunMs: 1_000_000 }, Date.now() - leaseMs)).toBe(2)
    for (let renewals = 0; renewals < 5; renewals++) expect(await go({ type: 'renew', attempt: 1, leaseMs })).toBe(2)
    // Its row, whose lease seems to be over, is looked at and mended once.
    for (let lists = 0; lists < 2; lists++) expect(await list('running')).toEqual([head()])
    expect([count('readJob'), count('putRow')]).toEqual([1, 3])
    expect(await go({ type: 'succeed', attempt: 1, ttlMs: 3_600_000, response: null }, Date.now() - 10_000)).toBe(4)
    expect([await list('running'), (await list('succeeded'))?.length]).toEqual([[], 1])
    const attempts = 1
    await go({ type: 'notify', attempts, nextAt: Date.now() + 1_000 })
    const reads = count('readJob')
    const rows = count('putRow')
    const delivery = { at: Date.now(), attempt: 1, tookMs: 1, status: 204 }
    expect(await go({ type: 'notify', attempts, delivery })).toBe(rows)
    for (let lists = 0; lists < 3; lists++) expect(await list()).toEqual([head()])
    expect(count('readJob') - reads).toBeLessThan(2)
    expect([count('claim'), count('free')]).toEqual([1, 0]) // of its key, which nobody may be given in between
    await over.remove(job.id)
  })

  it('is told of a claim', async () => {
    const job = jobOf('berta', { dueAt: Date.now() + 3_600_000 })
    await store.insert(job)
    await store.claim?.(job.id, 1, { version: 2, revision: 2, status: 'running', attempt: 1 })
    expect((await store.list?.({ owner: 'berta', status: 'running', limit: 1 }))?.jobs.map(({ id }) => id)).toEqual([job.id])
    await store.remove(job.id)
  })

  it('is told of the first change of a job that an earlier version of this package wrote', async () => {
    const { over, calls } = watched()
    const job = jobOf('basil', { dueAt: Date.now() + 3_600_000 })
    const facts = { version: 1, dueAt: job.dueAt, owner: 'basil', events: [], maxEvents: 0 }
    await objectOf(env.JOBS, jobName(job.id)).insertJob({ ...facts, head: JSON.stringify(job) })
    for (const version of [2, 3]) await over.replace({ ...job, version })
    expect(calls).toEqual(['replaceJob', 'putRow', 'readJob', 'replaceJob'])
    await over.remove(job.id)
  })

  it('has the longest overdue of its rows looked at first, so that no live jobs keep one from being mended', async () => {
    const { over } = watched()
    const live = Array.from({ length: 30 }, (_, n) => jobOf('bruno', { createdAt: 100 + n, status: 'running', dueAt: Date.now() - 1_000 }))
    const ended = jobOf('bruno', { status: 'running', dueAt: Date.now() - 5_000 })
    for (const job of [ended, ...live]) await over.insert(job)
    const next = { ...ended, version: 2, revision: 2, status: 'succeeded', dueAt: Date.now() + 3_600_000 }
    const facts = { version: 2, revision: 2, dueAt: next.dueAt, owner: 'bruno', events: [], maxEvents: 0 }
    await objectOf(env.JOBS, jobName(ended.id)).replaceJob({ ...facts, head: JSON.stringify(next) })
    expect((await over.list?.({ owner: 'bruno', limit: 100 }))?.jobs.at(-1)).toEqual(expect.objectContaining({ id: ended.id, version: 2 }))
    for (const { id } of [ended, ...live]) await over.remove(id)
  })

  it('loses the lines of jobs that are not there, and mends those that missed a change', async () => {
    const owner = 'carol'
    const index = objectOf(env.JOBS, indexName(owner))
    const [kept, missed, buried, lost] = [jobOf(owner), jobOf(owner), jobOf(owner), jobOf(owner)]
    for (const job of [kept, missed, buried]) await store.insert(job)
    const overdue = { operation: 'none', createdAt: 1, version: 1, status: 'queued', dueAt: 1 }
    await index.putRow({ ...overdue, id: lost.id, version: 0, dueAt: null, head: JSON.stringify(lost) })
    const underWay = jobOf(owner) // its row came before it
    await index.putRow({ ...overdue, id: underWay.id, dueAt: Date.now() - 3_500_000, head: JSON.stringify(underWay) })
    for (const job of [missed, buried, lost]) {
      if (job !== lost) await index.dropRow(job.id)
      await index.putRow({ ...overdue, dueAt: Date.now() - 3_700_000, id: job.id, head: JSON.stringify(job) })
    }
    const facts = { version: 2, dueAt: null, owner, events: [], maxEvents: 0 }
    await objectOf(env.JOBS, jobName(missed.id)).replaceJob({ ...facts, head: JSON.stringify({ ...missed, version: 2 }) })
    await objectOf(env.JOBS, jobName(buried.id)).replaceJob({ ...facts, head: JSON.stringify({ ...buried, version: 2, goneAt: 1 }) })
    expect((await keptIn(indexName(owner))).alarm).toBeGreaterThan(Date.now() + 80_000_000)

    expect(await runDurableObjectAlarm(objectAt(indexName(owner)))).toBe(true)
    expect(new Map((await listed(owner)) as [string, number][])).toEqual(
      new Map([
        [kept.id, 1],
        [missed.id, 2],
        [underWay.id, 1],
      ]),
    )
    expect((await keptIn(indexName(owner))).alarm).toBeGreaterThan(Date.now() + 80_000_000)

    for (const { id } of [kept, missed]) await store.remove(id)
    await index.dropRow(underWay.id)
    await runDurableObjectAlarm(objectAt(indexName(owner)))
    expect(await keptIn(indexName(owner))).toEqual({ keys: [], tables: [], alarm: null })
    await store.insert(jobOf(owner))
    expect((await listed(owner)).length).toBe(1)
    expect((await keptIn(indexName(owner))).alarm).toBeGreaterThan(Date.now() + 80_000_000)
  })

  it('is looked through, and listed, past a job that cannot be read', async () => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => {})
    const owner = 'frank'
    const broken = jobOf(owner, { dueAt: 1 })
    await store.insert(broken)
    await runInDurableObject(objectAt(jobName(broken.id)), (_, { storage }) => storage.kv.put('job', { version: 1, head: '{' }))
    await evictDurableObject(objectAt(jobName(broken.id)))
    const line = { operation: 'none', createdAt: 1, version: 1, status: 'queued', dueAt: 1 }
    await objectOf(env.JOBS, indexName(owner)).putRow({ ...line, id: 'lost', head: JSON.stringify(jobOf(owner, { id: 'lost', dueAt: 1 })) })
    await runDurableObjectAlarm(objectAt(indexName(owner)))
    expect(await listed(owner)).toEqual([[broken.id, 1]])
    expect((await keptIn(indexName(owner))).alarm).toBeGreaterThan(Date.now() + 80_000_000)
    const { jobs = [] } = (await store.list?.({ owner, limit: 10 })) ?? {}
    expect(jobs.map(({ id }) => id)).toEqual([broken.id])
    said.mockRestore()
  })

  it('is looked through later where no jobs could be made now', async () => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => {})
    const object = env.LAZY.get(env.LAZY.idFromName(indexName('grace')))
    await objectOf(env.LAZY, indexName('grace')).putRow({
      ...{ id: 'lost', createdAt: 1, version: 1 },
      ...{ status: 'queued', operation: 'lazy', dueAt: 1, head: '{}' },
    })
    open.add('unprepared')
    await runDurableObjectAlarm(object)
    open.delete('unprepared')
    expect(said).toHaveBeenCalledWith('respond-async: index:', expect.objectContaining({ message: 'not prepared' }))
    said.mockRestore()
    expect(await runInDurableObject(object, (_, { storage }) => storage.getAlarm())).toBeLessThan(Date.now() + 61_000)
    expect(await runDurableObjectAlarm(object)).toBe(true)
    expect((await objectOf(env.LAZY, indexName('grace')).rows({ limit: 1 })).heads).toEqual([])
  })

  it('is left as it is for a day where nobody makes jobs', async () => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => {})
    const object = env.ORPHAN.get(env.ORPHAN.idFromName(indexName('heinz')))
    const row = { id: 'lost', createdAt: 1, version: 1, status: 'queued', operation: 'none', dueAt: 1, head: '{}' }
    await objectOf(env.ORPHAN, indexName('heinz')).putRow(row)
    await runDurableObjectAlarm(object)
    expect(await runInDurableObject(object, (_, { storage }) => storage.getAlarm())).toBeGreaterThan(Date.now() + 80_000_000)
    expect(said).not.toHaveBeenCalled()
    said.mockRestore()
  })

  it('stores nothing while it is empty', async () => {
    const index = objectOf(env.JOBS, indexName('nobody'))
    expect(await index.rows({ limit: 10 })).toEqual({ heads: [], more: false })
    await index.dropRow('none')
    expect(await keptIn(indexName('nobody'))).toEqual({ keys: [], tables: [], alarm: null })
  })

  it('is looked through part by part', async () => {
    const index = objectOf(env.JOBS, indexName('dave'))
    const line = { operation: 'none', version: 1, status: 'queued', dueAt: 1, head: '{}' }
    for (let n = 0; n < 100; n++) await index.putRow({ ...line, id: `lost-${n}`, createdAt: n })
    const left: number[] = []
    for (let parts = 0; parts < 3; parts++) {
      await runDurableObjectAlarm(objectAt(indexName('dave')))
      left.push((await listed('dave').catch(() => [])).length)
      if (parts === 0) expect((await keptIn(indexName('dave'))).alarm).toBeLessThan(Date.now() + 61_000)
    }
    expect(left).toEqual([60, 20, 0])
  })

  it.each([
    ['rows whose jobs cannot be read', 40, 1],
    ['a thousand rows that are in order', 1_000, null],
  ])('is looked through past %s, and from there on', async (title, rows, dueAt) => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => {})
    const line = { operation: 'none', version: 1, status: 'queued', head: '{}' }
    await runInDurableObject(objectAt(indexName(title)), async (index) => {
      for (let n = 0; n < rows; n++) await index.putRow({ ...line, id: `there-${n}`, createdAt: n, dueAt })
      await index.putRow({ ...line, id: 'lost', createdAt: rows, dueAt: 1 })
    })
    const facts = { version: 1, dueAt: null, owner: title, events: [], maxEvents: 0, head: '{' }
    if (dueAt !== null) for (let n = 0; n < rows; n++) await objectOf(env.JOBS, jobName(`there-${n}`)).insertJob(facts)
    const count = () =>
      runInDurableObject(objectAt(indexName(title)), (_, { storage }) => storage.sql.exec('SELECT COUNT(*) AS n FROM jobs').one().n)
    await runDurableObjectAlarm(objectAt(indexName(title)))
    expect(await count()).toBe(rows + 1)
    await runDurableObjectAlarm(objectAt(indexName(title)))
    expect(await count()).toBe(rows)
    said.mockRestore()
  })

  it('is looked through at its time, however often its object was evicted until then', async () => {
    const name = indexName('mallory')
    await store.insert(jobOf('mallory'))
    const { alarm } = await keptIn(name)
    await evictDurableObject(objectAt(name))
    await scheduler.wait(5)
    await store.insert(jobOf('mallory'))
    expect((await keptIn(name)).alarm).toBe(alarm)
  })

  it('keeps the newest version of a row, in whatever order they come', async () => {
    const index = objectOf(env.JOBS, indexName('niaj'))
    const line = { id: 'one', operation: 'none', createdAt: 1, status: 'queued', dueAt: null }
    for (const version of [1, 3, 2]) await index.putRow({ ...line, version, head: JSON.stringify({ id: 'one', version }) })
    expect(await listed('niaj')).toEqual([['one', 3]])
  })

  it('has no row of a purged job, even if the row of its end comes after that', async () => {
    const late: (() => void)[] = []
    const behind = durableObjectStore({
      idFromName: (name) => env.JOBS.idFromName(name),
      get(id) {
        const object = env.JOBS.get(id) as unknown as ObjectStub
        const putRow = (row: IndexRow) => new Promise<boolean>((resolve) => late.push(() => resolve(object.putRow(row))))
        return {
          putRow,
          dropRow: (gone: string) => object.dropRow(gone),
          readJob: () => object.readJob('head'),
          replaceJob: (next: WrittenJob) => object.replaceJob(next),
        }
      },
    })
    const job = jobOf('olivia')
    await store.insert(job)
    const ending = behind.replace({ ...job, version: 2, revision: 2, status: 'succeeded', dueAt: Date.now() + 3_600_000 })
    await vi.waitUntil(() => late.length > 0)
    await store.replace({ ...job, version: 3, revision: 3, status: 'succeeded', goneAt: 1, dueAt: Date.now() + 3_600_000 })
    for (const put of late) put()
    await ending
    expect(await store.list?.({ owner: 'olivia', limit: 10 })).toEqual({ jobs: [], cursor: undefined })
  })

  it('has only some of its overdue rows checked by one list, which may not make any number of calls', async () => {
    const index = objectOf(env.JOBS, indexName('sam'))
    const line = { operation: 'none', version: 1, status: 'queued', dueAt: 1 }
    for (let n = 0; n < 25; n++)
      await index.putRow({ ...line, id: `lost-${n}`, createdAt: n, head: JSON.stringify(jobOf('sam', { id: `lost-${n}`, dueAt: 1 })) })
    const left: unknown[] = []
    for (let lists = 0; lists < 2; lists++) left.push((await store.list?.({ owner: 'sam', limit: 100 }))?.jobs.length)
    expect(left).toEqual([5, 0])
  })

  it('reads no more rows for a page than are in it, however many there are', async () => {
    const name = indexName('wendy')
    await objectOf(env.JOBS, name).putRow({
      id: '',
      createdAt: 0,
      version: 1,
      status: 'failed',
      operation: 'none',
      dueAt: null,
      head: '{}',
    })
    const read = await runInDurableObject(objectAt(name), (_, { storage: { sql } }) => {
      sql.exec(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
          INSERT INTO jobs (id, createdAt, version, status, operation, head)
          SELECT 'rows-' || i, i, 1, iif(i % 100, 'succeeded', 'queued'), 'none', '{}' FROM n`,
      )
      const cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = []
      const exec = (query: string, ...values: unknown[]) => {
        const cursor = sql.exec(query, ...values)
        cursors.push(cursor)
        return cursor
      }
      const index = jobIndex({ exec } as SqlStorage)
      return [undefined, ['queued'], ['failed'], ['queued', 'running', 'failed']].map((statuses) => {
        cursors.length = 0
        index.rows({ limit: 10, statuses, after: { createdAt: 4_000, id: 'a' } })
        return cursors.reduce((rows, { rowsRead }) => rows + rowsRead, 0)
      })
    })
    for (const rows of read) expect(rows).toBeLessThan(50) // of 5,000
    await evictDurableObject(objectAt(name))
  })

  it('fills a page of large heads, which one call could not carry', async () => {
    const meta = { text: `${'x'.repeat(900_000)}ж` } // which takes two bytes for each letter on its way
    const made = Array.from({ length: 20 }, (_, n) => jobOf('peggy', { createdAt: n, meta }))
    for (const job of made) await store.insert(job)
    const { jobs = [], cursor } = (await store.list?.({ owner: 'peggy', limit: 19 })) ?? {}
    const newest = made.map(({ id }) => id).reverse()
    expect(jobs.map(({ id }) => id)).toEqual(newest.slice(0, 19))
    expect((await store.list?.({ owner: 'peggy', limit: 19, cursor }))?.jobs.map(({ id }) => id)).toEqual(newest.slice(19))
  })
})

describe('the alarm of a job', () => {
  it('is moved to an earlier time, and to one that is much later', async () => {
    const at = Date.now() + 600_000
    const job = jobOf('quentin', { dueAt: at })
    await store.insert(job)
    const alarms = []
    for (const [n, dueAt] of [at + 50_000, at + 3_600_000, at - 50_000, at - 50_000].entries()) {
      await store.replace({ ...job, version: n + 2, dueAt })
      alarms.push((await keptIn(jobName(job.id))).alarm)
    }
    expect(alarms).toEqual([at, at + 3_600_000, at - 50_000, at - 50_000])
    await blobs.write(job.id, 'response-1', 0, new Uint8Array(5))
    expect((await keptIn(jobName(job.id))).alarm).toBe(at - 50_000)
    await store.remove(job.id)
    await store.insert({ ...job, dueAt: at - 50_000 })
    expect((await keptIn(jobName(job.id))).alarm).toBe(at - 50_000)
    await store.remove(job.id)
  })

  it('is not put off by a change of the job while a message waits', async () => {
    const job = jobOf('heidi')
    await store.insert(job)
    const { id, owner } = job
    const later = {
      version: 2,
      dueAt: Date.now() + 3_600_000,
      owner,
      events: [],
      maxEvents: 0,
      head: JSON.stringify({ ...job, version: 2 }),
    }
    const alarm = await runInDurableObject(objectAt(jobName(id)), async (object, { storage }) => {
      await object.wake({ v: 1, id, operation: 'none', dispatch: 1 })
      await object.replaceJob(later)
      return storage.getAlarm()
    })
    expect(alarm).toBeLessThanOrEqual(Date.now())
    await store.remove(id)
  })

  it('of one that is kept for centuries is one that the platform takes', async () => {
    const job = jobOf('ivan', { dueAt: Date.UTC(2300, 0) })
    await store.insert(job)
    const { alarm } = await keptIn(jobName(job.id))
    expect(Math.abs((alarm ?? 0) - Date.now() - 31_536_000_000)).toBeLessThan(60_000)
    await store.remove(job.id)
  })
})

describe('the alarm handler', () => {
  it('waits for all that was given to waitUntil, even after one of that has failed', async () => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => {})
    const { context, settled } = startAlarm({}, {} as DurableObjectState)
    const ended: string[] = []
    const { waitUntil } = context.platform
    waitUntil?.(Promise.reject(new Error('failed')))
    waitUntil?.(scheduler.wait(10).then(() => waitUntil(scheduler.wait(10).then(() => ended.push('added later')))))
    await settled()
    expect(ended).toEqual(['added later'])
    expect(said).toHaveBeenCalledWith('respond-async: waitUntil:', expect.objectContaining({ message: 'failed' }))
    said.mockRestore()
  })
})

describe('a key that several ask for at the same time', () => {
  const submission = (owner: string) => jobOf(owner, { idempotencyKey: 'k' })
  /** The store, with the calls of `method` held back until they are let go. */
  const holding = (method: keyof ObjectStub) => {
    const held: (() => void)[] = []
    const over = watched(async (name) => {
      if (name === method) await new Promise<void>((go) => held.push(go))
    }).over
    return { over, held, isHeld: () => vi.waitUntil(() => held.length > 0, { timeout: 10_000 }) }
  }
  const stored = async (ids: readonly string[]) => {
    const there = await Promise.all(ids.map((id) => store.get(id, 'head')))
    return there.flatMap((job) => job?.id ?? [])
  }

  it('passes to the next if the first does not store its job, which is refused when it comes after all', async () => {
    const [first, second] = [submission('aisha'), submission('aisha')]
    const { over, held, isHeld } = holding('insertJob')
    const late = over.insert(first)
    await isHeld()
    expect(await store.insert(second)).toEqual({ inserted: true, job: second })
    for (const go of held) go()
    expect(await late).toEqual({ inserted: false, job: expect.objectContaining({ id: second.id }) })
    expect(await stored([first.id, second.id])).toEqual([second.id])
    expect((await listed('aisha')).map(([id]) => id)).toEqual([second.id])
    await store.remove(second.id)
  })

  it('stays with the first, for whose job the others wait a while', async () => {
    const [first, second] = [submission('anton'), submission('anton')]
    const { over, held, isHeld } = holding('insertJob')
    const late = over.insert(first)
    await isHeld()
    const other = watched()
    const again = other.over.insert(second)
    const asked = () => other.calls.filter((call) => call === 'readJob').length
    await vi.waitUntil(() => asked() >= 2 || other.calls.includes('bar'), { timeout: 10_000, interval: 1 })
    for (const go of held) go()
    expect([(await late).inserted, (await again).inserted, await stored([first.id, second.id])]).toEqual([true, false, [first.id]])
    expect(other.calls).not.toContain('bar')
    await store.remove(first.id)
  })

  it('stays with the first if its job comes at the last moment', async () => {
    const [first, second] = [submission('amir'), submission('amir')]
    const slow = holding('insertJob')
    const late = slow.over.insert(first)
    await slow.isHeld()
    const { over, held, isHeld } = holding('bar')
    const again = over.insert(second)
    await isHeld()
    for (const go of slow.held) go()
    expect((await late).inserted).toBe(true)
    for (const go of held) go()
    expect(await again).toEqual({ inserted: false, job: expect.objectContaining({ id: first.id }) })
    expect(await stored([first.id, second.id])).toEqual([first.id])
    await store.remove(first.id)
  })

  it('is not given to a job that was refused, whose submission is to be repeated', async () => {
    const [first, second, third] = [submission('anouk'), submission('anouk'), submission('anouk')]
    const { over, held, isHeld } = holding('insertJob')
    const late = over.insert(first)
    await isHeld()
    await store.insert(second)
    await store.remove(second.id)
    const refused = expect(late).rejects.toMatchObject({ code: 'store_unavailable' })
    for (const go of held) go()
    await refused
    expect((await store.insert(third)).inserted).toBe(true)
    expect((await store.holder?.('anouk', 'k'))?.id).toBe(third.id)
    await store.remove(third.id)
  })

  it('makes one job at most, in whatever order their calls are carried out', async () => {
    const waiting = new Map<number, () => void>()
    let running = 0
    const { over } = watched(() => new Promise<void>((go) => waiting.set(running, go)))
    // A pause takes as long as the others need for any number of calls, or no time.
    const pauses = vi.spyOn(globalThis, 'setTimeout').mockImplementation(((done: () => void) => waiting.set(running, done)) as never)
    let seed = 1
    const random = (below: number) => {
      seed = (seed * 48_271) % 2_147_483_647
      return seed % below
    }
    for (let schedule = 0; schedule < 20; schedule++) {
      const jobs = [1, 2, 3].map(() => submission(`order-${schedule}`))
      const order = [0, 1, 2].sort(() => random(3) - 1)
      const stops = [2 + random(4), 2 + random(30), 2 + random(30)]
      let open = jobs.length
      const outcomes = jobs.map(async (job, n) => {
        running = n
        const outcome = await over.insert(job).catch(({ code }) => ({ code }))
        open--
        return 'code' in outcome ? outcome.code : [outcome.inserted, outcome.job.id]
      })
      // The first in the order goes on until it has to stop and is the last.
      for (let step = 1; open > 0; step++) {
        while (waiting.size < open) await scheduler.wait(0)
        const first = () => order.findIndex((n) => waiting.has(n))
        if (stops.includes(step)) order.push(...order.splice(first(), 1))
        running = order[first()] ?? 0
        const go = waiting.get(running)
        waiting.delete(running)
        go?.()
      }
      const there = await stored(jobs.map(({ id }) => id))
      expect(there.length).toBeLessThan(2)
      const all = await Promise.all(outcomes)
      const refused = 'store_unavailable'
      expect(all).toEqual(all.map((one, n) => (one === refused ? refused : [jobs[n]?.id === there[0], there[0]])))
    }
    pauses.mockRestore()
  })
})

it('a key is freed by the job that holds it, and by no other', async () => {
  const key = objectOf(env.JOBS, 'key:["rupert","k"]')
  expect([await key.claim('one'), await key.claim('two')]).toEqual(['one', 'one'])
  await key.free('two')
  expect(await key.holder()).toBe('one')
  await key.free('one')
  expect(await keptIn('key:["rupert","k"]')).toEqual({ keys: [], tables: [], alarm: null })
})

it('a key of which a job could not be freed, because its writer was cut off, is free all the same', async () => {
  const name = keyName('rita', 'k')
  const [gone, fresh] = [jobOf('rita', { idempotencyKey: 'k' }), jobOf('rita', { idempotencyKey: 'k' })]
  await store.insert(gone)
  const head = JSON.stringify({ ...gone, version: 2, goneAt: 1, idempotencyKey: undefined })
  await objectOf(env.JOBS, jobName(gone.id)).replaceJob({ version: 2, dueAt: null, owner: 'rita', head, events: [], maxEvents: 0 })
  expect(await objectOf(env.JOBS, name).holder()).toBe(gone.id)
  expect(await store.holder?.('rita', 'k')).toBeNull()
  expect((await store.insert(fresh)).inserted).toBe(true)
  expect((await store.holder?.('rita', 'k'))?.id).toBe(fresh.id)
  for (const { id } of [gone, fresh]) await store.remove(id)
})

it('a job whose id is taken leaves no row and no key behind', async () => {
  const there = jobOf('ursula')
  await store.insert(there)
  for (const idempotencyKey of [undefined, 'k'])
    expect((await store.insert(jobOf('yves', { id: there.id, idempotencyKey }))).inserted).toBe(false)
  expect(await listed('yves')).toEqual([])
  expect(await keptIn(keyName('yves', 'k'))).toEqual({ keys: [], tables: [], alarm: null })
  await store.remove(there.id)
})

it('a job whose id comes a second time stays in the list of its owner, and keeps its key', async () => {
  const job = jobOf('zoe', { idempotencyKey: 'k' })
  await store.insert(job)
  for (const again of [job, jobOf('zoe', { id: job.id })]) expect((await store.insert(again)).inserted).toBe(false)
  expect(await listed('zoe')).toEqual([[job.id, 1]])
  expect((await store.holder?.('zoe', 'k'))?.id).toBe(job.id)
  await store.remove(job.id)
})

it('a job whose id is that of a tombstone leaves no row behind', async () => {
  const job = jobOf('xena')
  await store.insert(job)
  await store.replace({ ...job, version: 2, goneAt: 1 })
  expect((await store.insert(jobOf('xena', { id: job.id }))).inserted).toBe(false)
  expect(await listed('xena')).toEqual([])
  await store.remove(job.id)
})

it('a job that is there is not barred', async () => {
  const job = jobOf('sybil')
  await store.insert(job)
  expect(JSON.parse((await objectOf(env.JOBS, jobName(job.id)).bar()) ?? 'null')).toMatchObject({ id: job.id })
  expect((await keptIn(jobName(job.id))).keys).toEqual(['job'])
  await store.remove(job.id)
})

it('a record leaves nothing of the bodies and events that it no longer has', async () => {
  const job = jobOf('trent', { requestBody: new Uint8Array(3_000_000) })
  const few = durableObjectStore(env.JOBS, { maxEvents: 2 })
  const event = (version: number) => ({ version, at: 1, type: 'x', status: 'queued', attempt: 0 }) as const
  await few.insert(job, [event(1)])
  await few.replace({ ...job, version: 2, requestBody: 'short' }, [event(2)])
  expect((await keptIn(jobName(job.id))).keys).toEqual(['event/0', 'event/1', 'job', 'requestBody/0'])
  await few.replace({ ...job, version: 3, requestBody: null }, [event(3)])
  expect((await keptIn(jobName(job.id))).keys).toEqual(['event/1', 'event/2', 'job'])
  expect(await few.events?.(job.id, 0, 10)).toEqual({ events: [event(2), event(3)], truncated: true })
  await few.remove(job.id)
})

describe('a record fits into values of 2 MB', () => {
  /** Bytes of a value as it is serialized, nearly. The local platform takes larger ones. */
  const serialized = (value: unknown): number => {
    if (ArrayBuffer.isView(value)) return value.buffer.byteLength // the whole buffer is stored, whatever part of it is seen
    if (typeof value === 'string') return value.length * (/[^\0-\xff]/.test(value) ? 2 : 1)
    return Object.entries(Object(value)).reduce((size, entry) => size + serialized(entry[0]) + serialized(entry[1]), 10)
  }
  const largest = (id: string) =>
    runInDurableObject(objectAt(jobName(id)), (_, { storage }) => Math.max(...[...storage.kv.list()].map((entry) => serialized(entry))))

  it('however long its history and the messages in it are', async () => {
    const job = jobOf('victor')
    const whole = durableObjectStore(env.JOBS, { maxEvents: 1_000 })
    const message = 'ж'.repeat(1_000)
    const event = (version: number) => ({ version, at: 1, type: 'progress', status: 'running', attempt: 1, message }) as const
    await whole.insert(
      job,
      Array.from({ length: 1_100 }, (_, at) => event(at + 1)),
    )
    expect(await largest(job.id)).toBeLessThan(2_000_000)
    await evictDurableObject(objectAt(jobName(job.id)))
    const { events = [], truncated } = (await whole.events?.(job.id, 0, 2_000)) ?? {}
    expect([events.length, events[0]?.version, events.at(-1), truncated]).toEqual([1_000, 101, event(1_100), true])
    await whole.remove(job.id)
    expect((await keptIn(jobName(job.id))).keys).toEqual([])
  })

  it('however large its bodies are', async () => {
    const requestBody = new Uint8Array(3_000_000).map((_, at) => at % 251)
    const job = jobOf('uma', { requestBody, responseBody: 'xyz'.repeat(1_000_000) })
    await store.insert(job)
    expect(await largest(job.id)).toBeLessThan(2_000_000)
    const there = await store.get(job.id)
    expect(there?.responseBody === job.responseBody && there?.requestBody?.toString() === requestBody.toString()).toBe(true)
    await store.remove(job.id)
  })

  it('also where much of it is its owner, which is stored again with its key', async () => {
    expect(store.capabilities.maxRecordBytes).toBe(990_000)
    const jobWith = (text: string) => jobOf('w'.repeat(240_000), { idempotencyKey: 'k', meta: { text: `${text}ж` } })
    const { requestBody, responseBody, ...head } = jobWith('')
    const left = 990_000 - sizeOf(JSON.stringify(head)) - sizeOf(`${head.owner}${keyName(head.owner, 'k')}`)
    const job = jobWith('x'.repeat(left))
    expect((await store.insert(job)).inserted).toBe(true)
    expect(await largest(job.id)).toBeLessThan(2_000_000)
    expect(await store.get(job.id)).toEqual(job)
    await expect(store.replace({ ...jobWith('x'.repeat(left + 1)), version: 2 })).rejects.toMatchObject({ code: 'too_large' })
    await store.remove(job.id)
  })
})

it('a part of a large buffer, which one call could not carry, is stored as a body and as a chunk', async () => {
  const part = new Uint8Array(40_000_000).subarray(5, 8)
  const job = jobOf('oscar', { requestBody: part })
  await store.insert(job)
  await blobs.write(job.id, 'response-1', 0, part)
  expect([(await store.get(job.id))?.requestBody, await blobs.read(job.id, 'response-1', 0)]).toEqual([part, part])
  await store.remove(job.id)
})

it('an insert that comes after its place was taken is refused, and that is forgotten after a while', async () => {
  const job = jobOf('judy')
  expect(await objectOf(env.JOBS, jobName(job.id)).bar()).toBeNull()
  for (const idempotencyKey of [undefined, undefined, 'k']) {
    await expect(store.insert({ ...job, idempotencyKey })).rejects.toMatchObject({ code: 'store_unavailable' })
    await blobs.remove(job.id) // as whoever inserts it does then
  }
  expect((await keptIn(jobName(job.id))).alarm).toBeGreaterThan(Date.now() + 3_500_000)
  await runDurableObjectAlarm(objectAt(jobName(job.id)))
  expect(await keptIn(jobName(job.id))).toEqual({ keys: [], tables: [], alarm: null })
})

describe('chunks', () => {
  it('that come for a job which never comes are thrown away', async () => {
    const id = crypto.randomUUID()
    await blobs.write(id, 'request', 0, new Uint8Array(5))
    const { alarm } = await keptIn(jobName(id))
    expect(alarm).toBeGreaterThan(Date.now() + 3_500_000)
    await scheduler.wait(5)
    await blobs.write(id, 'request', 1, new Uint8Array(5))
    expect((await keptIn(jobName(id))).alarm).toBe(alarm) // each move of an alarm is a write
    vi.setSystemTime(Date.now() + 2_000_000)
    await blobs.write(id, 'request', 2, new Uint8Array(5))
    vi.useRealTimers()
    expect((await keptIn(jobName(id))).alarm).toBeGreaterThan(Number(alarm) + 1_900_000) // the upload takes its time
    await runDurableObjectAlarm(objectAt(jobName(id)))
    expect(await keptIn(jobName(id))).toEqual({ keys: [], tables: [], alarm: null })
  })

  it('stay with a job that comes', async () => {
    const job = jobOf('eve')
    await blobs.write(job.id, 'request', 0, new Uint8Array(5))
    await store.insert(job)
    await runDurableObjectAlarm(objectAt(jobName(job.id)))
    expect((await keptIn(jobName(job.id))).alarm).toBeNull()
    await evictDurableObject(objectAt(jobName(job.id)))
    expect(await blobs.read(job.id, 'request', 0)).toEqual(new Uint8Array(5))
    await store.remove(job.id)
    expect(await blobs.read(job.id, 'request', 0)).toBeNull()
    expect(await keptIn(jobName(job.id))).toEqual({ keys: [], tables: [], alarm: null })
  })
})
