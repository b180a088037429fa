import { readFileSync } from 'node:fs'
import { PGlite } from '@electric-sql/pglite'
import { JobsError } from '@respond-async/core'
import { postgresSchema, postgresStore } from '@respond-async/store-postgres'
import pg from 'pg'
import { afterAll, expect, test, vi } from 'vitest'
import { jobOf, nextOf, T0 } from './jobs'
import { fileServer, freshSchema, poolOf, postgresJsOf } from './server'

const { url } = await fileServer()
const pool = poolOf(url)
const sql = postgresJsOf(url)
afterAll(async () => {
  await Promise.all([pool.end(), sql.end()])
})
const versions = async (schema: string) => (await pool.query(`SELECT version FROM "${schema}".migrations`)).rows

test('twenty instances that start at once make the tables once', async () => {
  const schema = freshSchema()
  const pools = Array.from({ length: 20 }, () => poolOf(url, { max: 1 }))
  const stores = pools.map((client, n) => postgresStore({ client: n % 2 ? client : sql, schema }))
  const answers = await Promise.all(stores.map((store, n) => store.insert(jobOf(n))))
  expect(answers.every(({ inserted }) => inserted)).toBe(true)
  expect(await versions(schema)).toEqual([{ version: 1 }, { version: 2 }, { version: 3 }])
  await Promise.all(pools.map((each) => each.end()))
})

test('who waited for another instance to make the tables finds them, on a connection that has looked for them before', async () => {
  const schema = freshSchema()
  const [first, second] = [new pg.Client(url), new pg.Client(url)]
  const warm = freshSchema()
  const script = (of: string) => postgresSchema(of).replace(/^BEGIN;|COMMIT;$/gm, '')
  for (const client of [first, second]) {
    await client.connect()
    await client.query(script(warm)) // all that the script needs is known to the connection by now
    await expect(client.query(`SELECT FROM ${schema}.migrations`)).rejects.toThrow('does not exist')
  }
  await first.query('BEGIN')
  await first.query(script(schema))
  const waited = second.query(script(schema))
  const isWaiting = 'SELECT FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = $2'
  await vi.waitFor(async () => expect((await pool.query(isWaiting, [Reflect.get(second, 'processID'), 'Lock'])).rowCount).toBe(1))
  await first.query('COMMIT')
  await waited
  expect(await versions(schema)).toEqual([{ version: 1 }, { version: 2 }, { version: 3 }])
  await Promise.all([first.end(), second.end()])
})

test('tables of an earlier version get what is new, once, while others work with them', async () => {
  const schema = freshSchema()
  const before = await postgresStore({ client: pool, schema }).insert(jobOf(1, { owner: 'ann' }))
  expect(before.inserted).toBe(true)
  // As the first version left them.
  await pool.query(`DROP INDEX ${schema}.jobs_all; DROP FUNCTION ${schema}.hand_over; DELETE FROM ${schema}.migrations WHERE version > 1`)
  const pools = Array.from({ length: 10 }, () => poolOf(url, { max: 1 }))
  const lists = await Promise.all(pools.map((client) => postgresStore({ client, schema }).list?.({ limit: 10 })))
  expect(lists.map((list) => list?.jobs.map(({ id }) => id))).toEqual(pools.map(() => [jobOf(1).id]))
  expect(await versions(schema)).toEqual([{ version: 1 }, { version: 2 }, { version: 3 }])
  const { rows } = await pool.query("SELECT 1 FROM pg_indexes WHERE schemaname = $1 AND indexname = 'jobs_all'", [schema])
  expect(rows).toHaveLength(1)
  await Promise.all(pools.map((each) => each.end()))
})

test('tables that could not be made are made at the next call', async () => {
  const schema = freshSchema()
  await pool.query(`CREATE SCHEMA ${schema}; CREATE ROLE ${schema}_role LOGIN`)
  const client = poolOf(url.replace('postgres@', `${schema}_role@`))
  const store = postgresStore({ client, schema })
  await expect(store.insert(jobOf(1))).rejects.toThrow(/permission denied/)
  await pool.query(`GRANT ALL ON SCHEMA ${schema} TO ${schema}_role`)
  expect((await store.insert(jobOf(1))).inserted).toBe(true)
  await client.end()
})

test('without migrate nothing is made; by hand it is made as often as one likes, and a role without rights can work with it', async () => {
  const schema = freshSchema()
  await pool.query(`CREATE ROLE ${schema}_role LOGIN`)
  const client = poolOf(url.replace('postgres@', `${schema}_role@`))
  await expect(postgresStore({ client, schema, migrate: false }).get('x')).rejects.toMatchObject({ code: '42P01' })
  for (let n = 0; n < 2; n++) await pool.query(postgresSchema(schema))
  await pool.query(`GRANT USAGE ON SCHEMA ${schema} TO ${schema}_role; GRANT ALL ON ALL TABLES IN SCHEMA ${schema} TO ${schema}_role`)
  for (const migrate of [true, false]) expect(await postgresStore({ client, schema, migrate }).get('x')).toBeNull()
  expect(await versions(schema)).toEqual([{ version: 1 }, { version: 2 }, { version: 3 }])
  await client.end()
})

test('the rights that the README grants are enough, also where functions are for nobody by default', async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const schema = freshSchema()
  const grants = readme
    .match(/^GRANT .* TO app;$/gm)
    ?.map((grant) => grant.replace('respond_async', schema).replace(' app;', ` ${schema}_app;`))
  await pool.query(`CREATE ROLE ${schema}_app LOGIN; CREATE ROLE ${schema}_owner LOGIN; CREATE SCHEMA ${schema} AUTHORIZATION ${schema}_owner;
    ALTER DEFAULT PRIVILEGES FOR ROLE ${schema}_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC`)
  const owner = poolOf(url.replace('postgres@', `${schema}_owner@`))
  await owner.query(postgresSchema(schema))
  await owner.query(grants?.join('\n') ?? '')
  const client = poolOf(url.replace('postgres@', `${schema}_app@`))
  const store = postgresStore({ client, schema, maxEvents: 5 })
  const line = { version: 1, at: T0, type: 'insert', status: 'queued', attempt: 0 } as const
  expect((await store.insert(jobOf(1), [line], [{ text: 'SELECT $1::text', values: ['x'] }])).inserted).toBe(true)
  await store.blobs?.write(jobOf(1).id, 'request', 0, new Uint8Array(1))
  expect(await store.replace(nextOf(jobOf(1)), [{ ...line, version: 2 }])).toEqual({ replaced: true })
  expect(await store.remove(jobOf(1).id)).toBe(true)
  await expect(client.query(`CREATE TABLE ${schema}.more ()`)).rejects.toThrow('permission denied')
  await Promise.all([owner.end(), client.end()])
})

test('stores with other schemas and options share the connections of a pool', async () => {
  const client = poolOf(url, { max: 1 })
  const schemas = [freshSchema(), freshSchema()]
  for (const maxEvents of [0, 2])
    for (const [n, schema] of schemas.entries()) {
      const store = postgresStore({ client, schema, maxEvents })
      await store.insert(jobOf(n))
      expect((await store.list?.({ owner: null, limit: 10 }))?.jobs).toEqual([expect.objectContaining({ id: jobOf(n).id })])
    }
  await client.end()
})

test('misuse is an error when the store is made', () => {
  const refused = (options: object) => {
    try {
      postgresStore({ client: pool, ...options })
    } catch (error) {
      return error instanceof JobsError && error.code
    }
    return undefined
  }
  for (const options of [
    { client: undefined },
    { client: {} },
    { shema: 'mine' },
    { client: () => {} },
    { client: url },
    ...['', 'A', '1a', 'a-b', 'a"', 'a'.repeat(49)].map((schema) => ({ schema })),
    ...[-1, 1.5, 1_001, Number.NaN].map((maxEvents) => ({ maxEvents })),
    { watch: true },
    { client: sql, watch: true, prepare: false },
    { client: sql, prepare: false },
    { client: postgresJsOf(url, { prepare: false }) },
  ])
    expect(refused(options), JSON.stringify(options)).toBe('invalid_option')
  const takes = 'postgresStore: client must be a pg.Pool, the sql of postgres.js, or a PGlite.'
  for (const options of [undefined, url, pool, sql, { pool }])
    expect(() => postgresStore(options as never)).toThrow(expect.objectContaining({ code: 'invalid_option', message: takes }))
  const unwatched = postgresStore({ client: pool, watch: false as never })
  expect([unwatched.capabilities.watch, unwatched.watch]).toEqual([false, undefined])
  for (const options of [
    {},
    { schema: 'user' },
    { client: sql, watch: true },
    { prepare: false, watch: () => new pg.Client(url) },
    { client: postgresJsOf(`${url}?max_pipeline=0`), prepare: false },
    { client: postgresJsOf(`${url}?max_pipeline=0`, { prepare: false }) },
  ])
    expect(refused(options), JSON.stringify(options)).toBeUndefined()
})

test('a client that reads no other bytes than hexadecimal ones is refused where they come as something else; pg reads all', async () => {
  const escaping = postgresJsOf(url, { connection: { bytea_output: 'escape' } })
  for (const migrate of [true, false]) {
    const store = postgresStore({ client: escaping, schema: freshSchema(), migrate })
    await expect(store.get('x')).rejects.toMatchObject({ name: 'JobsError', code: 'invalid_option' })
    await expect(store.insert(jobOf(1))).rejects.toThrow('bytea_output')
  }
  await escaping.end()
  const schema = freshSchema()
  const db = new PGlite()
  await db.exec("SET bytea_output = 'escape'")
  await expect(postgresStore({ client: db, schema }).get('x')).rejects.toThrow('bytea_output')
  await db.close()
  const client = poolOf(url, { options: '-c bytea_output=escape' })
  const store = postgresStore({ client, schema })
  const requestBody = Uint8Array.from({ length: 256 }, (_, byte) => byte)
  await store.insert(jobOf(1, { requestBody }))
  expect(Buffer.compare((await store.get(jobOf(1).id))?.requestBody as Uint8Array, requestBody)).toBe(0)
  await client.end()
})

test('a pool that reads bytes or booleans in a form of its own is refused, and not believed', async () => {
  const parserOf = (oid: number, format?: 'text' | 'binary') => pg.types.getTypeParser(oid, format as 'text')
  const reading = (type: number) => ({ getTypeParser: (oid: number) => (oid === type ? String : parserOf(oid)) }) as typeof pg.types
  for (const more of [{ binary: true }, { types: reading(pg.types.builtins.BYTEA) }, { types: reading(pg.types.builtins.BOOL) }]) {
    const client = poolOf(url, more)
    const store = postgresStore({ client, schema: freshSchema() })
    await expect(store.insert(jobOf(1)), Object.keys(more).join()).rejects.toMatchObject({ name: 'JobsError', code: 'invalid_option' })
    await client.end()
  }
})

test('tables that are dropped while it runs are made again', async () => {
  const schema = freshSchema()
  const store = postgresStore({ client: pool, schema })
  await store.insert(jobOf(1))
  await pool.query(`DROP SCHEMA ${schema} CASCADE`)
  await expect(store.get(jobOf(1).id)).rejects.toMatchObject({ code: '42P01' })
  expect((await store.insert(jobOf(1))).inserted).toBe(true)
})

test('a reserved word is a schema like any other', async () => {
  const store = postgresStore({ client: pool, schema: 'user' })
  expect((await store.insert(jobOf(1))).inserted).toBe(true)
})

test('an owner too long for an index is refused, and so is a disk that is full', async () => {
  const schema = freshSchema()
  const store = postgresStore({ client: pool, schema })
  const noise = Array.from({ length: 4_000 }, (_, n) => String.fromCharCode(0x4e00 + ((n * 7_919) % 20_000))).join('')
  await expect(store.insert(jobOf(1, { owner: noise }))).rejects.toMatchObject({ name: 'JobsError', code: 'too_large' })
  // The server's own error, from a trigger: a disk that is really full would take the other tests along.
  await pool.query(`CREATE FUNCTION ${schema}.no_room() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
    CREATE TRIGGER no_room BEFORE INSERT ON ${schema}.jobs EXECUTE FUNCTION ${schema}.no_room()`)
  const full = { name: 'JobsError', code: 'store_full', cause: expect.objectContaining({ code: '53100' }) }
  await expect(store.insert(jobOf(2))).rejects.toMatchObject(full)
  await expect(store.insert(jobOf(2), [], async () => {})).rejects.toMatchObject(full)
  expect(await store.get(jobOf(2).id)).toBeNull()
})

test('due and list use their indexes where there are 100,000 jobs', async () => {
  const schema = freshSchema()
  const store = postgresStore({ client: pool, schema })
  await store.get('x')
  await pool.query(`INSERT INTO ${schema}.jobs (id, version, status, operation, owner, created_at, due_at, gone, record)
    SELECT 'job-' || n, 1, CASE WHEN n % 1000 = 0 THEN 'queued' ELSE 'succeeded' END, 'report', CASE WHEN n % 2 = 0 THEN 'ann' END,
      ${T0} + n, CASE WHEN n % 10 > 0 THEN ${T0} + 1000000 + n END, false, '{"id":"job-' || n || '","createdAt":' || ${T0} + n || '}'
    FROM generate_series(1, 100000) n`)
  await pool.query(`ANALYZE ${schema}.jobs`)
  const explained: string[] = []
  const client = {
    connect: () => pool.connect(),
    async query({ text, values }: { text: string; values?: unknown[] }) {
      if (!text.includes(schema)) return pool.query(text)
      const { rows } = await pool.query(`EXPLAIN ${text}`, values)
      explained.push(rows.map((row) => row['QUERY PLAN']).join('\n'))
      return { rows: [] }
    },
  }
  const explaining = postgresStore({ client, schema, migrate: false })
  const planOf = async (call: Promise<unknown> | undefined) => {
    await call
    return explained.pop()
  }
  const cursor = `${T0 + 500}_job-500`
  expect(await planOf(explaining.due?.(T0 + 1_000_500, 100))).toMatch(/Index Scan using jobs_due/)
  for (const owner of ['ann', null])
    for (const after of [undefined, cursor]) {
      const query = { owner, limit: 20, cursor: after }
      expect(await planOf(explaining.list?.(query))).toMatch(/Index Scan using jobs_(ownerless_)?list/)
      expect(await planOf(explaining.list?.({ ...query, status: ['queued', 'running'] }))).toMatch(
        /Index Scan using jobs_(ownerless_)?unfinished/,
      )
      expect(await planOf(explaining.list?.({ ...query, status: 'queued' }))).toMatch(/Index Scan using jobs_(ownerless_)?unfinished/)
    }
  for (const operation of [undefined, 'report'])
    for (const after of [undefined, cursor])
      for (const status of [undefined, 'queued', ['failed', 'canceled']] as const) {
        const plan = await planOf(explaining.list?.({ operation, status, limit: 20, cursor: after }))
        expect(plan).toMatch(/Index Scan using jobs_all on jobs/)
        // Sorted is what was read: a page for each operation and status.
        expect(plan).not.toMatch(/Seq Scan/)
      }
  expect(await planOf(explaining.get('job-1', 'head'))).toMatch(/Index Scan using jobs_pkey/)
  const keyed = await planOf(explaining.insert(jobOf(1, { owner: 'ann', idempotencyKey: 'k' })).catch(() => {}))
  expect(keyed).toMatch(/Index Scan using jobs_key/)
  for (const plan of explained) expect(plan).not.toMatch(/Seq Scan|Sort/)
})
