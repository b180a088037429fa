import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Job, type JobStore, TRANSITIONS } from '@respond-async/core'
import { build } from 'esbuild'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { openFile } from '../src/database'
import { type SqliteDatabase, type SqliteFileOptions, schema, sqliteStore } from '../src/index'
import { temporaryDirectory } from './directory'
import { record } from './record'

const newFile = () => join(temporaryDirectory(), 'jobs.db')
function opened(options: SqliteFileOptions): JobStore {
  const store = sqliteStore(options)
  onTestFinished(() => store.close?.())
  return store
}
const code = (name: string) => expect.objectContaining({ name: 'JobsError', code: name })

describe('the plans', () => {
  /** Every statement that a store prepares while `use` runs, with what SQLite makes of it. */
  async function plansOf(use: (store: JobStore) => Promise<unknown>) {
    const database = new DatabaseSync(':memory:')
    const texts = new Set<string>()
    const seen: SqliteDatabase = {
      exec: (sql) => database.exec(sql),
      close: () => database.close(),
      prepare(sql) {
        texts.add(sql)
        return database.prepare(sql)
      },
    }
    await use(sqliteStore({ database: seen, maxEvents: 10 }))
    const explain = (sql: string) => database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[] // its documented column
    const plans = [...texts]
      .filter((sql) => sql.includes('respond_async_'))
      .map((sql) => ({ sql, plan: explain(sql).map(({ detail }) => detail) }))
    database.close()
    return plans
  }

  it('search by an index alone, whatever a list asks for, and sort nothing', async () => {
    const states = Object.keys(TRANSITIONS) as Job['status'][] // as it is declared
    const plans = await plansOf(async (store) => {
      for (let count = 0; count <= states.length; count++)
        for (const operation of [undefined, 'report'])
          for (const cursor of [undefined, '1_a'])
            await store.list?.({ owner: null, limit: 20, operation, cursor, status: count === 0 ? undefined : states.slice(0, count) })
      await store.due?.(1, 10)
    })
    expect(plans.length).toBeGreaterThan(25)
    for (const { sql, plan } of plans) for (const step of plan) expect(step, sql).not.toMatch(/SCAN|TEMP B-TREE/)
    const lists = plans.filter(({ sql }) => sql.includes('created_at DESC'))
    expect(lists).toHaveLength(2 * states.length)
    for (const { sql, plan } of lists) {
      const index = sql.includes('operation =')
        ? 'respond_async_jobs_operation (owner=? AND operation=? AND '
        : 'respond_async_jobs_list (owner=? AND '
      const walks = plan.filter((step) => step.startsWith('SEARCH'))
      expect(walks).toHaveLength(sql.split('UNION ALL').length)
      for (const walk of walks) expect(walk).toBe(`SEARCH respond_async_jobs USING INDEX ${index}status=? AND (created_at,id)<(?,?))`)
    }
    expect(plans.find(({ sql }) => sql.includes('ORDER BY due_at'))?.plan).toEqual([
      'SEARCH respond_async_jobs USING INDEX respond_async_jobs_due (due_at<?)',
    ])
  })
})

describe('claim', () => {
  const started = { version: 2, status: 'running', attempt: 1, startedAt: 5, dueAt: 9, message: undefined } as const

  it('writes the changes, clears what is undefined, and gives the whole record', async () => {
    const path = newFile()
    const [a, b] = [opened({ path, maxEvents: 10 }), opened({ path, maxEvents: 10 })]
    const job = record({ owner: 'ann', message: 'm', requestBody: 'in', responseBody: new Uint8Array([1]), result: '1.0' })
    await a.insert(job)
    const event = { version: 2, at: 5, type: 'start', status: 'running', attempt: 1 } as const
    const after = { ...job, ...started }
    expect(await b.claim?.('job', 1, started, [event])).toEqual({ claimed: true, job: after })
    expect(await a.get('job', 'full')).toEqual(after)
    expect((await a.list?.({ owner: 'ann', status: 'running', limit: 1 }))?.jobs).toHaveLength(1)
    expect(await a.events?.('job', 1, 10)).toEqual({ events: [event], truncated: false })
  })
  it('shows the whole record to all but one, and keeps none of their events', async () => {
    const path = newFile()
    const [a, b] = [opened({ path, maxEvents: 10 }), opened({ path, maxEvents: 10 })]
    await a.insert(record({ requestBody: 'in' }))
    const event = { version: 2, at: 5, type: 'start', status: 'running', attempt: 1 } as const
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => (n % 2 ? a : b).claim?.('job', 1, started, [event])))
    expect(answers.filter((answer) => answer?.claimed)).toHaveLength(1)
    for (const answer of answers) expect(answer?.job).toEqual({ ...record({ requestBody: 'in' }), ...started })
    expect((await a.events?.('job', 1, 10))?.events).toEqual([event])
    expect(await a.claim?.('nobody', 1, started)).toEqual({ claimed: false, job: null })
  })
})

describe('bodies in chunks', () => {
  const chunk = (byte: number) => new Uint8Array(300_000).fill(byte)

  it('come back chunk by chunk, may be written again, and go by name', async () => {
    const path = newFile()
    const [{ blobs: a }, { blobs: b }] = [opened({ path }), opened({ path })]
    await a?.write('job', 'request', 0, chunk(1))
    await a?.write('job', 'request', 1, chunk(2).subarray(10, 20))
    await a?.write('job', 'response-1', 0, chunk(3))
    await b?.write('job', 'response-1', 0, chunk(4))
    await b?.write('job2', 'request', 0, new Uint8Array(0))
    expect(await b?.read('job', 'request', 0)).toEqual(chunk(1))
    expect(await b?.read('job', 'request', 1)).toEqual(chunk(2).subarray(10, 20))
    expect(await a?.read('job', 'response-1', 0)).toEqual(chunk(4))
    expect(await a?.read('job', 'request', 2)).toBeNull()
    await a?.remove('job', 'response-1')
    expect([await b?.read('job', 'request', 0), (await b?.read('job', 'response-1', 0))?.length]).toEqual([null, 300_000])
    await a?.remove('job')
    expect(await b?.read('job', 'response-1', 0)).toBeNull()
    expect(await b?.read('job2', 'request', 0)).toEqual(new Uint8Array(0))
    await a?.remove('nobody')
  })
  it('go with their job, and with what makes it a tombstone, but not with a change that lost', async () => {
    const store = opened({ path: newFile() })
    const left = async () => Promise.all(['a', 'b', 'c'].map(async (id) => (await store.blobs?.read(id, 'request', 0)) !== null))
    for (const id of ['a', 'b', 'c']) {
      await store.insert(record({ id }))
      await store.blobs?.write(id, 'request', 0, chunk(1))
    }
    await store.remove('a', 7)
    await store.replace(record({ id: 'b', version: 7, goneAt: 1 }))
    await store.replace(record({ id: 'c', version: 2 }))
    expect(await left()).toEqual([true, true, true])
    await store.remove('a', 1)
    await store.replace(record({ id: 'b', version: 2, goneAt: 1 }))
    expect(await left()).toEqual([false, false, true])
  })
})

describe('a file in trouble', () => {
  it('that is full refuses with store_full, keeps what it has, and takes more when there is room', async () => {
    const database = new DatabaseSync(newFile())
    const store = sqliteStore({ database, maxEvents: 10 })
    await store.insert(record())
    database.exec('PRAGMA max_page_count = 40')
    const event = { version: 1, at: 1, type: 'insert', status: 'queued', attempt: 0 } as const
    const more = record({ id: 'more', requestBody: new Uint8Array(500_000) })
    await expect(store.insert(more, [event])).rejects.toEqual(code('store_full'))
    await expect(store.replace(record({ version: 2, responseBody: 'x'.repeat(500_000) }))).rejects.toEqual(code('store_full'))
    await expect(store.blobs?.write('job', 'request', 0, new Uint8Array(500_000))).rejects.toEqual(code('store_full'))
    expect(await store.get('job', 'full')).toEqual(record())
    expect(await store.get('more', 'head')).toBeNull()
    expect(await store.events?.('more', 0, 10)).toEqual({ events: [], truncated: false })
    database.exec('PRAGMA max_page_count = 10000')
    expect((await store.insert(more, [event])).inserted).toBe(true)
    database.close()
  })
  it('that another process keeps locked fails with an error of SQLite, and reads on meanwhile', async () => {
    const path = newFile()
    const store = opened({ path, busyTimeoutMs: 20 })
    await store.insert(record({ requestBody: 'in' }))
    const other = new DatabaseSync(path)
    other.exec('BEGIN IMMEDIATE')
    for (const write of [
      () => store.insert(record({ id: 'b' })),
      () => store.replace(record({ version: 2, requestBody: null })),
      () => store.claim?.('job', 1, { version: 2 }),
      () => store.remove('job'),
    ])
      await expect(write()).rejects.toMatchObject({ name: 'Error', message: 'database is locked' })
    expect(await store.get('job', 'full')).toEqual(record({ requestBody: 'in' }))
    other.exec('ROLLBACK')
    expect(await store.replace(record({ version: 2, requestBody: null }))).toEqual({ replaced: true })
    other.close()
  })
})

describe('set-up', () => {
  it('that cannot be opened is named, with what SQLite says of it', () => {
    const path = join(temporaryDirectory(), 'not-mounted', 'jobs.db')
    const cause = expect.objectContaining({ errcode: 14 })
    expect(() => sqliteStore({ path })).toThrow(
      expect.objectContaining({ message: `sqliteStore: ${path}: unable to open database file`, cause }),
    )
  })
  it('by hand: the schema, as often as one likes, and no table is made with migrate: false', async () => {
    const path = newFile()
    expect(() => sqliteStore({ path, migrate: false })).toThrow(code('invalid_option'))
    const database = new DatabaseSync(path)
    database.exec(schema)
    database.exec(schema)
    database.close()
    const store = opened({ path, migrate: false })
    expect((await store.insert(record())).inserted).toBe(true)
  })
  it('of a given database: it stays open and beside it is what the application keeps there', async () => {
    const database = new DatabaseSync(newFile())
    database.exec('CREATE TABLE jobs (mine TEXT)')
    const store = sqliteStore({ database })
    await store.insert(record())
    await store.close?.()
    await store.close?.()
    expect(database.prepare('SELECT count(*) AS rows FROM jobs').get()).toEqual({ rows: 0 })
    expect(sqliteStore({ database }).capabilities).toMatchObject({ durable: true, shared: true, events: false, watch: true })
    database.close()
    expect(sqliteStore({ database: new DatabaseSync(':memory:') }).capabilities).toMatchObject({ durable: false, shared: false })
  })
  it.each([
    ['normal', 1],
    ['full', 2],
  ] as const)('of a file: write-ahead, synchronous %s', (synchronous, level) => {
    const database = openFile({ path: newFile(), synchronous, busyTimeoutMs: 7 })
    const settings = ['journal_mode', 'synchronous', 'busy_timeout'].map((name) => database.prepare(`PRAGMA ${name}`).get())
    expect(settings).toEqual([{ journal_mode: 'wal' }, { synchronous: level }, { timeout: 7 }])
    database.close()
  })
  it.each([
    [{}],
    [{ path: '' }],
    [{ path: 'a', database: new DatabaseSync(':memory:') }],
    [{ database: {} }],
    [{ path: 'a', synchronous: 'off' }],
    [{ path: 'a', busyTimeoutMs: -1 }],
    [{ path: 'a', maxEvents: 1.5 }],
    [{ path: 'a', watchMs: 1 }],
    [{ path: 'a', busyTimeout: 5_000 }],
    [{ database: new DatabaseSync(':memory:'), maxEvent: 5 }],
  ])('refuses %o', (options) => {
    expect(() => sqliteStore(options as never)).toThrow(code('invalid_option')) // misuse on purpose
  })
  it.each([undefined, 'jobs.db', new DatabaseSync(':memory:'), { file: 'jobs.db' }])('given %o, says what it takes', (options) => {
    const takes = "give it either a file, { path: 'jobs.db' }, or an open { database }"
    expect(() => sqliteStore(options as never)).toThrow(
      expect.objectContaining({ code: 'invalid_option', message: `sqliteStore: ${takes}` }),
    )
  })
  it('says what it needs where there is no node:sqlite, when it is called and not when it is imported', async () => {
    const program = join(temporaryDirectory(), 'program.mjs')
    await build({
      stdin: {
        contents: "import { sqliteStore } from './src/index'; console.log('imported'); sqliteStore({ path: 'never.db' })",
        resolveDir: new URL('..', import.meta.url).pathname,
      },
      ...{ outfile: program, conditions: ['@respond-async/source'] },
      ...{ bundle: true, platform: 'node', format: 'esm', logLevel: 'error' },
    })
    const { stdout, stderr, status } = spawnSync(process.execPath, ['--no-experimental-sqlite', program], { encoding: 'utf8' })
    expect([stdout.trim(), status]).toEqual(['imported', 1])
    expect(stderr).toMatch(/JobsError.*sqliteStore needs the module node:sqlite: Node 22\.13 or later/s)
  })
})

describe('a watch', () => {
  it('hears of its own writes, and ends when the store is closed', async () => {
    const store = sqliteStore({ path: newFile(), watchMs: 10 })
    await store.insert(record())
    const heard: number[] = []
    const watching = (async () => {
      for await (const version of store.watch?.('job', new AbortController().signal) ?? []) heard.push(version)
    })()
    await store.replace(record({ version: 2 }))
    await store.replace(record({ version: 3 }))
    await vi.waitFor(() => expect(heard.at(-1)).toBe(3))
    await store.replace(record({ version: 4 }))
    await vi.waitFor(() => expect(heard.at(-1)).toBe(4))
    await store.close?.()
    await watching
  })
  it('hears of what another store writes through the same database', async () => {
    const database = new DatabaseSync(newFile())
    const [store, other] = [sqliteStore({ database, watchMs: 10 }), sqliteStore({ database })]
    await store.insert(record())
    const watcher = store.watch?.('job', new AbortController().signal)[Symbol.asyncIterator]()
    for (const version of [2, 3]) {
      const heard = watcher?.next()
      await new Promise((resolve) => setTimeout(resolve, 50)) // it has looked, and found what it knew
      await other.replace(record({ version }))
      expect(await heard).toEqual({ value: version, done: false })
    }
    await store.close?.()
    database.close()
  })
  it('throws to whoever watches when the database is gone', async () => {
    const database = new DatabaseSync(newFile())
    const store = sqliteStore({ database, watchMs: 10 })
    await store.insert(record())
    const watcher = store.watch?.('job', new AbortController().signal)[Symbol.asyncIterator]()
    const next = watcher?.next()
    database.close()
    await expect(next).rejects.toThrow(/not open|finalized/)
  })
})
