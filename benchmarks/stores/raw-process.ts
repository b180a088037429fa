/** Runs what raw.ts tells it to, and reports what it cost: `<client> <url or file>`. */
import { randomUUID } from 'node:crypto'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import type { Job, JobStore } from '@respond-async/core'
import { postgresStore } from '@respond-async/store-postgres'
import { redisStore } from '@respond-async/store-redis'
import { sqliteStore } from '@respond-async/store-sqlite'
import { Redis } from 'ioredis'
import pg from 'pg'
import { finishedJob, queuedJob, startOf } from './jobs.ts'

/** The client alone; the same and the record made into text or read from it, as anybody has to who keeps one; the store. */
export type Way = 'raw' | 'json' | 'store'
export interface RawOrder {
  readonly way: Way
  readonly inFlight: number
  readonly calls: number
}
export interface RawSample {
  readonly seconds: number
  /** Microseconds for one operation: of this process, and of the server. */
  readonly cpuUs: number
  readonly serverUs: number
}

type Call = 'insert' | 'get' | 'claim' | 'replace'
/** A call that a store made to its client, which can be repeated for another job. */
type Asked = readonly [method: string, args: unknown[]]
interface Tried {
  readonly store: JobStore
  /** The same over a client that records its calls. */
  readonly noted: JobStore
  /** The recorded calls, in order. */
  readonly asked: Asked[]
  /** Does it for another job: `again(asked)` is prepared, and what it returns is what is measured. */
  again(asked: readonly Asked[]): () => unknown
}

const [name, url = ''] = process.argv.slice(2)
const { store, noted, asked, again } = await (name === 'ioredis' ? tryRedis() : name === 'pg' ? tryPostgres() : trySqlite())
/** What is made of the job beforehand is core's part, and not measured. */
const callsOf = (store: JobStore): Record<Call, (job: Job) => () => unknown> => ({
  insert: (job) => () => store.insert(job),
  get:
    ({ id }) =>
    () =>
      store.get(id, 'head'),
  claim(job) {
    const changes = startOf(job)
    return () => store.claim?.(job.id, 1, changes)
  },
  replace(job) {
    const next = finishedJob(job)
    return () => store.replace(next)
  },
})
const calls = callsOf(store)
/** Making and reading a record of the size that each call has to do with. */
const { requestBody: _in, ...queued } = queuedJob()
const { requestBody: _out, responseBody: _body, ...finished } = finishedJob(queuedJob())
const text = JSON.stringify(queued)
const json: Record<Call, () => unknown> = {
  insert: () => JSON.stringify(queued),
  get: () => JSON.parse(text),
  claim: () => JSON.parse(text),
  replace: () => JSON.stringify(finished),
}

/** Returns a client that records its calls. */
function noting<T extends object>(client: T, methods: readonly string[], notes: Asked[]): T {
  return new Proxy(client, {
    get(target, name) {
      const value = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      if (!methods.includes(String(name))) return value.bind(target)
      return (...args: unknown[]) => {
        notes.push([String(name), args])
        return value.apply(target, args)
      }
    },
  })
}

async function tryRedis(): Promise<Tried> {
  const client = new Redis(url)
  const asked: Asked[] = []
  const methods = ['call', 'callBuffer', 'evalshaBuffer', 'mgetBuffer', 'get']
  // Which of its methods is known by name only, and takes what the store gave it.
  const callable = client as unknown as Record<string, (...args: unknown[]) => unknown>
  return {
    ...{ store: redisStore({ client }), noted: redisStore({ client: noting(client, methods, asked) }), asked },
    again:
      ([[method, args] = ['', []]]) =>
      () =>
        callable[method]?.(...args),
  }
}

async function tryPostgres(): Promise<Tried> {
  const client = new pg.Pool({ connectionString: url, idleTimeoutMillis: 0 })
  const asked: Asked[] = []
  return {
    ...{ store: postgresStore({ client }), noted: postgresStore({ client: noting(client, ['query'], asked) }), asked },
    again([[, args] = ['', []]]) {
      const [config] = args as [pg.QueryConfig] // what the store gave it
      return () => client.query(config)
    },
  }
}

async function trySqlite(): Promise<Tried> {
  const database = new DatabaseSync(url)
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = normal')
  const asked: Asked[] = []
  const statements = new Map<string, ReturnType<DatabaseSync['prepare']>>()
  const noting = {
    exec: (sql: string) => database.exec(sql),
    close: () => database.close(),
    prepare(sql: string) {
      const statement = database.prepare(sql)
      statements.set(sql, statement)
      const note =
        (method: 'get' | 'all' | 'run') =>
        (...values: SQLInputValue[]) => {
          asked.push([method, [sql, ...values]])
          return statement[method](...values)
        }
      return { get: note('get'), all: note('all') as typeof statement.all, run: note('run') as typeof statement.run }
    },
  }
  return {
    ...{ store: sqliteStore({ database }), noted: sqliteStore({ database: noting }), asked },
    again(all) {
      const steps = all.map(([method, [sql, ...values]]) => {
        const statement = statements.get(sql as string) as ReturnType<DatabaseSync['prepare']> // noted when it was prepared
        return () => statement[method as 'get' | 'all' | 'run'](...(values as SQLInputValue[]))
      })
      return () => {
        for (const step of steps) step()
      }
    },
  }
}

/** What each call asks the client for, with the id of the job that it was seen with. */
const seen = new Map<Call, { readonly id: string; readonly asked: readonly Asked[] }>()
async function look(): Promise<void> {
  for (let times = 0; times < 2; times++) {
    const job = queuedJob() // the first one sets the store up
    for (const call of Object.keys(calls) as Call[]) {
      asked.length = 0
      await callsOf(noted)[call](job)()
      seen.set(call, { id: job.id, asked: [...asked] })
    }
  }
}

/** The same for another job. */
function sameFor(call: Call, id: string): () => unknown {
  const { id: other, asked } = seen.get(call) as { id: string; asked: readonly Asked[] } // of every call
  const renamed = (value: unknown): unknown =>
    typeof value === 'string'
      ? value.replaceAll(other, id)
      : Array.isArray(value)
        ? value.map(renamed)
        : value !== null && typeof value === 'object' && !ArrayBuffer.isView(value)
          ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, renamed(member)]))
          : value
  return again(asked.map(([method, args]) => [method, renamed(args) as unknown[]] as const))
}

async function perform({ way, inFlight, calls: count }: RawOrder): Promise<Record<Call, RawSample>> {
  const ids = Array.from({ length: count }, () => randomUUID())
  const taken = {} as Record<Call, RawSample> // filled below
  const jobs = ids.map((id) => queuedJob(id))
  for (const call of Object.keys(calls) as Call[]) {
    const steps = way === 'store' ? jobs.map(calls[call]) : ids.map((id) => sameFor(call, id))
    taken[call] = await time(steps, inFlight, way === 'json' ? json[call] : undefined)
  }
  return taken
}

async function time(steps: readonly (() => unknown)[], inFlight: number, also?: () => unknown): Promise<RawSample> {
  const server = await serverMs()
  const cpu = process.cpuUsage()
  const began = performance.now()
  let next = 0
  const one = async () => {
    for (let step = steps[next++]; step; step = steps[next++]) {
      await step()
      also?.()
    }
  }
  await Promise.all(Array.from({ length: inFlight }, one))
  const seconds = (performance.now() - began) / 1000
  const used = process.cpuUsage(cpu)
  const perCall = (us: number) => us / steps.length
  return { seconds, cpuUs: perCall(used.user + used.system), serverUs: perCall(((await serverMs()) - server) * 1000) }
}

let heard = (_ms: number) => {}
const serverMs = () =>
  new Promise<number>((resolve) => {
    heard = resolve
    process.send?.('server')
  })
process.on('message', (message: RawOrder | { server: number }) => {
  if ('server' in message) return heard(message.server)
  perform(message).then((taken) => process.send?.(taken))
})
process.on('disconnect', () => process.exit())
await look()
process.send?.('ready')
