/**
 * Whether the Redis store stays flat: `node benchmarks/scale/redis.mjs [jobs ...]`, after a build. Starts a redis-server for each
 * size, fills it through the store's own scripts with so many jobs (10,000 and 1,000,000 unless told), and prints as Markdown the
 * median of each call, one at a time, as seen by the client and as counted by the server, and the memory a job takes.
 *
 * Half of the jobs belong to one owner, the rest to a thousand; one in a hundred is of a rare operation, one in a hundred is due.
 */
import { randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'
import { cpus } from 'node:os'
import { startRedis } from '../../tests/redis.ts'

const { Redis } = createRequire(new URL('../../packages/store-redis/package.json', import.meta.url))('ioredis')
const { redisStore } = await import(new URL('../../packages/store-redis/dist/index.js', import.meta.url).href)

const sizes = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [10_000, 1_000_000]
const ROUNDS = 2_000
const T0 = Date.now() - 86_400_000
const BODY = '{"month":"2026-10","format":"pdf"}'
const REQUEST = {
  method: 'POST',
  url: '/reports',
  headers: { host: 'localhost', 'content-type': 'application/json', 'user-agent': 'scale', accept: '*/*' },
}
const RESPONSE = { status: 200, headers: { 'content-type': 'application/json' }, size: 13 }

/** A job that waits. */
const queued = (n, more) => ({
  ...{ id: randomUUID(), version: 1, revision: 1, operation: n % 100 === 50 ? 'rare' : 'report' },
  ...{ owner: n % 2 === 0 ? 'large' : `owner-${n % 1_000}`, status: 'queued', createdAt: T0 + n, updatedAt: T0 + n },
  ...{ dueAt: T0 + 900_000_000, attempt: 0, maxAttempts: 1, dispatch: 1, request: REQUEST, response: null },
  ...{ requestBody: BODY, responseBody: null, ...more },
})
/** A job as core leaves it when its handler has answered a little JSON. */
const finished = (n, more) =>
  queued(n, {
    ...{ version: 3, revision: 3, status: n % 10 === 9 ? 'failed' : 'succeeded', attempt: 1, startedAt: T0 + n, finishedAt: T0 + n + 40 },
    ...{ updatedAt: T0 + n + 40, expiresAt: T0 + 900_000_000, dueAt: n % 100 === 7 ? T0 + n : T0 + 900_000_000 },
    ...{ request: null, requestBody: null, response: RESPONSE, result: '{"rows":4711}', ...more },
  })

/** Fills with many calls in flight. Some waiting jobs, to work on, are among them. */
async function fill(store, jobs) {
  const some = []
  for (let n = 0; n < jobs; ) {
    const calls = []
    for (const end = Math.min(jobs, n + 2_000); n < end; n++) {
      const waits = n % Math.ceil(jobs / (3 * ROUNDS)) === 0
      const job = waits ? queued(n) : finished(n)
      if (waits) some.push(job)
      calls.push(store.insert(job))
    }
    await Promise.all(calls)
  }
  return some.sort(() => Math.random() - 0.5)
}

/** Medians of so many calls, in microseconds: here, and for a call on average in the server's own statistics. */
async function median(redis, call, rounds = ROUNDS) {
  const times = []
  await redis.config('RESETSTAT')
  for (let round = 0; round < rounds; round++) {
    const before = process.hrtime.bigint()
    await call(round)
    times.push(Number(process.hrtime.bigint() - before) / 1_000)
  }
  const stats = await redis.info('commandstats')
  const spent = ['evalsha', 'get', 'mget'].map((name) => Number(new RegExp(`cmdstat_${name}:calls=\\d+,usec=(\\d+)`).exec(stats)?.[1] ?? 0))
  const own = stats.includes('cmdstat_evalsha') ? spent[0] : spent[1] + spent[2]
  return { client: times.sort((a, b) => a - b)[rounds >> 1], server: own / rounds }
}

async function measure(redis, jobs, some) {
  const store = redisStore({ client: redis })
  const at = (round, from = 0) => some[(from + round) % some.length]
  let n = jobs
  const calls = {
    insert: () => store.insert(queued(n++)),
    'insert with a key': () => store.insert(queued(n++, { idempotencyKey: `key-${n}` })),
    'get, head': (round) => store.get(at(round).id, 'head'),
    'get, full': (round) => store.get(at(round).id, 'full'),
    'replace, same state (progress)': (round) =>
      store.replace({ ...at(round), requestBody: undefined, responseBody: undefined, version: 2, percentComplete: 50 }),
    'claim (queued to running)': (round) =>
      store.claim(at(round, ROUNDS).id, 1, { version: 2, status: 'running', attempt: 1, startedAt: T0, dueAt: T0 + 900_000_000 }),
    'replace, new state (finish)': (round) => {
      const { id, owner, operation, createdAt } = at(round, ROUNDS)
      return store.replace(finished(round, { id, owner, operation, createdAt }))
    },
    remove: (round) => store.remove(at(round, 2 * ROUNDS).id, 1),
  }
  const queries = {
    'due, 100 of those overdue': () => store.due(T0 + jobs, 100),
    'list, 20 of the large owner': () => store.list({ owner: 'large', limit: 20 }),
    'list, 20, one state': () => store.list({ owner: 'large', status: 'succeeded', limit: 20 }),
    'list, 20, two states, rare operation': () =>
      store.list({ owner: 'large', status: ['failed', 'succeeded'], operation: 'rare', limit: 20 }),
    'list, 20, from the middle': () => store.list({ owner: 'large', limit: 20, cursor: `${T0 + Math.floor(jobs / 2)}_0` }),
    'list, 20 of a small owner': (round) => store.list({ owner: `owner-${(2 * round + 1) % 1_000}`, limit: 20 }),
    'list, 20 of all owners': () => store.list({ limit: 20 }),
    'list, 20 of all, one state': () => store.list({ status: 'succeeded', limit: 20 }),
    'list, 20 of all, two states, rare operation': () => store.list({ status: ['failed', 'succeeded'], operation: 'rare', limit: 20 }),
    'list, 20 of all, from the middle': () => store.list({ limit: 20, cursor: `${T0 + Math.floor(jobs / 2)}_0` }),
  }
  const figures = {}
  for (const [name, call] of Object.entries(calls)) figures[name] = await median(redis, call)
  for (const [name, call] of Object.entries(queries)) figures[name] = await median(redis, call, 500)
  return figures
}

const usedMemory = async (redis) => Number(/used_memory:(\d+)/.exec(await redis.info('memory'))[1])

/** Bytes that one more job takes, measured over 100,000 of them. */
async function weigh(make) {
  const server = await startRedis()
  const redis = new Redis(server.url, { enableAutoPipelining: true })
  const store = redisStore({ client: redis })
  const before = await usedMemory(redis)
  for (let n = 0; n < 100_000; ) {
    const calls = []
    for (const end = n + 2_000; n < end; n++) calls.push(store.insert(make(n)))
    await Promise.all(calls)
  }
  const each = ((await usedMemory(redis)) - before) / 100_000
  redis.disconnect()
  await server.stop()
  return Math.round(each)
}

const row = (name, cells) => console.log(`| ${[name, ...cells].join(' | ')} |`)
const columns = []
for (const size of sizes) {
  const server = await startRedis()
  const filler = new Redis(server.url, { enableAutoPipelining: true })
  const redis = new Redis(server.url)
  try {
    const before = performance.now()
    const some = await fill(redisStore({ client: filler }), size)
    const seconds = (performance.now() - before) / 1_000
    const bytes = await usedMemory(redis)
    columns.push({ size, seconds, bytes, figures: await measure(redis, size, some) })
  } finally {
    filler.disconnect()
    redis.disconnect()
    await server.stop()
  }
}
row(
  'median µs at the client (mean µs in the server)',
  columns.map(({ size }) => `${size.toLocaleString('en')} jobs`),
)
row(
  '---',
  columns.map(() => '---'),
)
for (const name of Object.keys(columns[0].figures))
  row(
    name,
    columns.map(({ figures }) => `${figures[name].client.toFixed(0)} (${figures[name].server.toFixed(1)})`),
  )
row(
  'filled, jobs a second, 2,000 in flight',
  columns.map(({ size, seconds }) => Math.round(size / seconds).toLocaleString('en')),
)
row(
  'memory of the server, bytes a job',
  columns.map(({ size, bytes }) => Math.round(bytes / size).toLocaleString('en')),
)
console.log()
row('bytes a job, over 100,000', ['memory'])
row('---', ['---'])
row('finished, result of 13 bytes', [await weigh((n) => finished(n))])
row('the same, with an idempotency key', [await weigh((n) => finished(n, { idempotencyKey: `key-${n}` }))])
row('waiting, body of 34 bytes', [await weigh((n) => queued(n))])
row('tombstone', [
  await weigh((n) => {
    const { id, owner, operation, createdAt } = queued(n)
    return {
      ...{ id, version: 4, revision: 4, operation, owner, status: 'succeeded', createdAt, updatedAt: T0, attempt: 1, maxAttempts: 1 },
      ...{ dispatch: 1, goneAt: T0, dueAt: T0 + 900_000_000, request: null, response: null, requestBody: null, responseBody: null },
    }
  }),
])
console.log(`\nNode ${process.version}, ${cpus()[0].model}, ${cpus().length} cores; client and server share the machine.`)
