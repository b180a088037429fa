/**
 * Whether the SQLite store stays flat: `node benchmarks/scale/sqlite.mjs [jobs ...]`, after a build. Fills files with so many jobs
 * (10,000 and 1,000,000 unless told) and prints, as Markdown, the median of each call at every size, and the plans of its queries.
 *
 * Half of the jobs belong to one owner, the rest to a thousand; one in a hundred is of a rare operation, one in a hundred is due.
 */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

const { sqliteStore } = await import(new URL('../../packages/store-sqlite/dist/index.js', import.meta.url).href)

const sizes = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [10_000, 1_000_000]
const ROUNDS = 2_000
const T0 = 1_760_000_000_000
const STATES = ['queued', 'running', 'succeeded', 'succeeded', 'succeeded', 'failed', 'canceled']
const REQUEST = {
  method: 'POST',
  url: '/reports',
  headers: { host: 'localhost', 'content-type': 'application/json', 'user-agent': 'scale', accept: '*/*' },
}

const jobOf = (n, more) => ({
  ...{ id: randomUUID(), version: 1, revision: 1, operation: n % 100 === 50 ? 'rare' : 'report' },
  ...{ owner: n % 2 === 0 ? 'large' : `owner-${n % 1_000}`, idempotencyKey: n % 4 === 0 ? `key-${n}` : undefined },
  ...{ status: STATES[n % STATES.length], createdAt: T0 + n, updatedAt: T0 + n, dueAt: n % 100 === 7 ? T0 + n : T0 * 2 },
  ...{ attempt: 0, maxAttempts: 1, dispatch: 1, request: REQUEST, response: null, result: '{"rows":4711}' },
  ...{ requestBody: null, responseBody: null, ...more },
})

/** Fills through the store itself, many calls to a transaction. Some ids of what is in it, to work on. */
async function fill(path, jobs) {
  const database = new DatabaseSync(path)
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA cache_size = -200000')
  const store = sqliteStore({ database })
  const some = []
  for (let n = 0; n < jobs; ) {
    database.exec('BEGIN')
    for (const end = Math.min(jobs, n + 20_000); n < end; n++) {
      const job = jobOf(n)
      await store.insert(job)
      if (n % Math.ceil(jobs / (3 * ROUNDS)) === 0) some.push(job)
    }
    database.exec('COMMIT')
  }
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  database.close()
  return some.sort(() => Math.random() - 0.5)
}

/** Median of so many calls, in microseconds. */
async function median(call, rounds = ROUNDS) {
  const times = []
  for (let round = 0; round < rounds; round++) {
    const before = process.hrtime.bigint()
    await call(round)
    times.push(Number(process.hrtime.bigint() - before) / 1_000)
  }
  return times.sort((a, b) => a - b)[rounds >> 1]
}

async function measure(path, jobs, some) {
  const store = sqliteStore({ path })
  const at = (round, from = 0) => some[(from + round) % some.length]
  let n = jobs
  const BODY = '{"month":"2026-10","format":"pdf"}'
  const calls = {
    'insert, no body': () => store.insert(jobOf(n++)),
    'insert, body of 34 bytes': () => store.insert(jobOf(n++, { requestBody: BODY })),
    'insert, key taken': (round) => store.insert(jobOf(4 * round)),
    'get, head': (round) => store.get(at(round).id, 'head'),
    'get, full': (round) => store.get(at(round).id, 'full'),
    'replace, same state (progress)': (round) =>
      store.replace({ ...at(round), requestBody: undefined, responseBody: undefined, version: 2, dueAt: T0 * 3 + round }),
    'claim (queued to running)': (round) =>
      store.claim(at(round, ROUNDS).id, 1, { version: 2, status: 'running', attempt: 1, dueAt: T0 * 3 + round }),
    'replace, new state (finish)': (round) =>
      store.replace({
        ...at(round, ROUNDS),
        version: 3,
        status: 'succeeded',
        dueAt: T0 * 4,
        request: null,
        response: { status: 200, headers: {}, size: 2 },
      }),
    remove: (round) => store.remove(at(round, 2 * ROUNDS).id, 1),
  }
  const queries = {
    'due, 100 of those overdue': () => store.due(T0 + jobs, 100),
    'list, 20 of the large owner': () => store.list({ owner: 'large', limit: 20 }),
    'list, 20, one state': () => store.list({ owner: 'large', status: 'failed', limit: 20 }),
    'list, 20, two states, rare operation': () =>
      store.list({ owner: 'large', status: ['queued', 'running'], operation: 'rare', limit: 20 }),
    'list, 20, from the middle': () => store.list({ owner: 'large', limit: 20, cursor: `${T0 + jobs / 2}_0` }),
    'list, 20 of a small owner': (round) => store.list({ owner: `owner-${(2 * round + 1) % 1_000}`, limit: 20 }),
    'list, 20 of all owners': () => store.list({ limit: 20 }),
    'list, 20 of all, one state': () => store.list({ status: 'failed', limit: 20 }),
    'list, 20 of all, two states, rare operation': () => store.list({ status: ['queued', 'running'], operation: 'rare', limit: 20 }),
    'list, 20 of all, from the middle': () => store.list({ limit: 20, cursor: `${T0 + jobs / 2}_0` }),
  }
  const figures = {}
  for (const [name, call] of Object.entries(calls)) figures[name] = await median(call)
  for (const [name, call] of Object.entries(queries)) figures[name] = await median(call, 500)
  await store.close()
  return figures
}

/** What SQLite does for every statement that the queries prepare, by name of the query. */
async function plansOf(path) {
  const database = new DatabaseSync(path)
  const texts = new Set()
  const seen = {
    exec: (sql) => database.exec(sql),
    close: () => database.close(),
    prepare(sql) {
      if (/^(SELECT (?!version|data|line|min|name)|WITH)/.test(sql)) texts.add(sql)
      return database.prepare(sql)
    },
  }
  const store = sqliteStore({ database: seen })
  for (const status of [undefined, 'failed', ['queued', 'running']])
    for (const operation of [undefined, 'rare'])
      for (const owner of ['large', undefined]) await store.list({ owner, limit: 20, status, operation })
  const lines = []
  for (const sql of texts) {
    lines.push(
      sql,
      ...database
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all()
        .map(({ detail }) => `    ${detail}`),
    )
  }
  database.close()
  return lines
}

const directory = mkdtempSync(join(tmpdir(), 'scale-sqlite-'))
const columns = []
try {
  for (const size of sizes) {
    const path = join(directory, `${size}.db`)
    const before = performance.now()
    const some = await fill(path, size)
    const seconds = (performance.now() - before) / 1_000
    const bytes = statSync(path).size
    columns.push({ size, seconds, bytes, figures: await measure(path, size, some) })
  }
  const row = (name, cells) => console.log(`| ${[name, ...cells].join(' | ')} |`)
  row(
    'median, µs',
    columns.map(({ size }) => `${size.toLocaleString('en')} jobs`),
  )
  row(
    '---',
    columns.map(() => '---:'),
  )
  for (const name of Object.keys(columns[0].figures))
    row(
      name,
      columns.map(({ figures }) => figures[name].toFixed(1)),
    )
  row(
    'bytes of the file for each job',
    columns.map(({ bytes, size }) => Math.round(bytes / size)),
  )
  row(
    'filled in, s',
    columns.map(({ seconds }) => seconds.toFixed(1)),
  )
  console.log(`\n\`\`\`\n${(await plansOf(join(directory, `${sizes.at(-1)}.db`))).join('\n')}\n\`\`\``)
  console.log(
    `\nNode ${process.versions.node}, SQLite ${process.versions.sqlite}, ${cpus()[0]?.model}, ${cpus().length} cores; synchronous NORMAL, one process.`,
  )
} finally {
  rmSync(directory, { recursive: true, force: true })
}
