/**
 * Whether the Postgres store stays flat: `node benchmarks/scale/postgres.mjs [jobs ...]`, after a build. Starts a Postgres for each
 * size, fills it with so many jobs (10,000 and 1,000,000 unless told), and prints as Markdown the median of each call at every size,
 * one at a time and as seen by the client, and the plans of its queries.
 *
 * Half of the jobs belong to one owner, a quarter to nobody, the rest to a thousand; one in a hundred is unfinished, one in a hundred
 * is due.
 */
import { randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'
import { cpus } from 'node:os'
import { startPostgres } from '../../tests/postgres.ts'

const pg = createRequire(new URL('../../packages/store-postgres/package.json', import.meta.url))('pg')
const { postgresStore } = await import(new URL('../../packages/store-postgres/dist/index.js', import.meta.url).href)

const sizes = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [10_000, 1_000_000]
const ROUNDS = 2_000
const T0 = 1_760_000_000_000
const REQUEST = {
  method: 'POST',
  url: '/reports',
  headers: { host: 'localhost', 'content-type': 'application/json', 'user-agent': 'scale', accept: '*/*' },
}
const jobOf = (more) => ({
  ...{ id: randomUUID(), version: 1, revision: 1, operation: 'report', owner: 'large', status: 'queued', createdAt: T0, updatedAt: T0 },
  ...{ dueAt: T0 * 2, attempt: 0, maxAttempts: 1, dispatch: 1, request: REQUEST, response: null },
  ...{ requestBody: '{"month":"2026-10"}', responseBody: null, ...more },
})

/** Fills on the server: the rows that the store itself would have written, with `@` where a job has its own number. */
async function fill(pool, jobs) {
  const record = JSON.stringify(jobOf({ id: '@', createdAt: '@@', requestBody: undefined, result: '{"rows":4711}' }))
  await pool.query(
    `INSERT INTO respond_async.jobs (id, version, status, operation, owner, idempotency_key, created_at, due_at, gone, record, request_body)
    SELECT id, 1, status, 'report', owner, CASE WHEN n % 4 = 0 THEN 'key-' || n END, ${T0} + n,
      CASE WHEN n % 100 = 7 THEN ${T0} + n ELSE ${T0 * 2} END, false,
      replace(replace(replace(replace($1::text, '"@@"', (${T0} + n)::text), '@', id), '"large"', coalesce('"' || owner || '"', 'null')), 'queued', status),
      convert_to('{"month":"2026-10"}', 'UTF8')
    FROM (SELECT n, gen_random_uuid()::text AS id, CASE WHEN n % 2 = 0 THEN 'large' WHEN n % 4 = 1 THEN NULL ELSE 'owner-' || n % 1000 END AS owner,
      CASE WHEN n % 200 = 50 THEN 'queued' WHEN n % 200 = 51 THEN 'running' ELSE 'succeeded' END AS status
      FROM generate_series(1, $2::integer) n) source`,
    [record, jobs],
  )
  await pool.query('VACUUM ANALYZE respond_async.jobs')
}

/** Median of so many calls, in microseconds. */
async function median(call, rounds = ROUNDS) {
  const times = []
  for (let round = 0; round < rounds; round++) {
    const before = process.hrtime.bigint()
    await call(round)
    times.push(Number(process.hrtime.bigint() - before) / 1_000)
  }
  return Math.round(times.sort((x, y) => x - y)[rounds >> 1])
}

/** A store whose statements are explained, not run. */
const explaining = (pool, plans) =>
  postgresStore({
    client: {
      connect: () => pool.connect(),
      async query({ text, values }) {
        const { rows } = await pool.query(`EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF, SUMMARY OFF) ${text}`, values)
        plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'))
        return { rows: [] }
      },
    },
    migrate: false,
  })

async function measure(jobs) {
  const server = await startPostgres({ settings: { shared_buffers: '512MB', max_wal_size: '4GB' } })
  const pool = new pg.Pool({ connectionString: server.url, max: 10 })
  pool.on('error', () => {})
  try {
    const store = postgresStore({ client: pool })
    await store.get('none')
    await fill(pool, jobs)
    const { rows: some } = await pool.query('SELECT id FROM respond_async.jobs ORDER BY random() LIMIT $1', [ROUNDS])
    const { rows: size } = await pool.query(
      "SELECT pg_table_size('respond_async.jobs') AS tables, pg_indexes_size('respond_async.jobs') AS indexes",
    )
    const idAt = (round) => some[round % some.length].id
    const own = Array.from({ length: ROUNDS }, (_, n) => jobOf({ createdAt: T0 * 2 + n }))
    const page = (await store.list({ owner: 'large', limit: 20 })).cursor
    const queries = {
      due: (on) => on.due(T0 * 1.5, 100),
      'list of one owner': (on) => on.list({ owner: 'large', limit: 20 }),
      'list of no owner': (on) => on.list({ owner: null, limit: 20 }),
      'list, a later page': (on) => on.list({ owner: 'large', limit: 20, cursor: page }),
      'list of all owners': (on) => on.list({ limit: 20 }),
      'list of all, a later page': (on) => on.list({ limit: 20, cursor: page }),
      'list of all, what is unfinished': (on) => on.list({ status: ['queued', 'running'], limit: 20 }),
      'list of all, failed, of one operation': (on) => on.list({ status: 'failed', operation: 'report', limit: 20 }),
      'list of what is unfinished': (on) => on.list({ owner: 'large', status: ['queued', 'running'], limit: 20 }),
    }
    const times = {
      'get, head': await median((round) => store.get(idAt(round), 'head')),
      'get, full': await median((round) => store.get(idAt(round), 'full')),
      insert: await median((round) => store.insert(own[round])),
      'insert with a key': await median((round) => store.insert(jobOf({ idempotencyKey: `new-${round}` }))),
      'insert with a key that is taken': await median((round) => store.insert(jobOf({ idempotencyKey: `new-${round}` }))),
      claim: await median((round) => store.claim(own[round].id, 1, { version: 2, status: 'running', attempt: 1, dueAt: T0 * 2 + 1 })),
      progress: await median((round) =>
        store.replace({ ...own[round], version: 3, status: 'running', percentComplete: 50, dueAt: T0 * 2 + 1, requestBody: undefined }),
      ),
      finish: await median((round) =>
        store.replace({ ...own[round], version: 4, status: 'succeeded', result: '{"rows":4711}', dueAt: T0 * 3, requestBody: null }),
      ),
    }
    for (const [name, query] of Object.entries(queries)) times[name] = await median(() => query(store), 500)
    const plans = []
    const explained = explaining(pool, plans)
    for (const query of Object.values(queries)) await query(explained)
    const bytes = Math.round((Number(size[0].tables) + Number(size[0].indexes)) / jobs)
    return { jobs, times, bytes, plans: Object.fromEntries(Object.keys(queries).map((name, index) => [name, plans[index]])) }
  } finally {
    await pool.end()
    await server.stop()
  }
}

const results = []
for (const jobs of sizes) results.push(await measure(jobs))
const row = (...cells) => console.log(`| ${cells.join(' | ')} |`)
console.log(`Median µs of a call through pg, one at a time; Node ${process.version}, ${cpus().length} × ${cpus()[0].model}, fsync off\n`)
row('', ...results.map(({ jobs }) => `${jobs.toLocaleString('en')} jobs`))
row('---', ...results.map(() => '--:'))
for (const name of Object.keys(results[0].times)) row(name, ...results.map(({ times }) => times[name]))
row('bytes a job, indexes included', ...results.map(({ bytes }) => bytes))
for (const [name, plan] of Object.entries(results.at(-1).plans))
  console.log(`\n${name}, at ${results.at(-1).jobs.toLocaleString('en')} jobs\n\n\`\`\`\n${plan}\n\`\`\``)
