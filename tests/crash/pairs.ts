import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres } from '../postgres'
import { hasRedisServer, startRedis } from '../redis'
import type { WorkerdOptions } from '../workerd'
import type { Role } from './fleet'

/** Where jobs are kept, as a test has it in its hands. */
export interface StoreServer {
  /** What the application is told. */
  readonly url: string
  /** Absent where there is no server. */
  readonly kill?: () => Promise<void>
  readonly restart?: () => Promise<void>
  stop(): Promise<void>
}

/** A store and an engine, and the application that is made of them. */
export interface Pair {
  readonly title: string
  /** Module that a process runs. */
  readonly entry: string
  readonly roles: readonly Role[]
  /** How many in the short form. */
  readonly jobs: number
  /** What else its processes are told. */
  readonly env?: Readonly<Record<string, string>>
  /** Each of its processes has a group of its own, and reports over HTTP. */
  readonly leads?: boolean
  /** Not to be had on this machine. In CI it is a failure. */
  readonly skipped: boolean
  start(): Promise<StoreServer>
}

const app = (name: string) => new URL(`apps/${name}.ts`, import.meta.url).pathname
const ALL_IN_ONE = { jobs: 150, roles: ['web worker', 'web worker', 'web worker'] satisfies Role[] }
const APART = { jobs: 150, roles: ['web', 'web', 'worker', 'worker'] satisfies Role[] }
const redis = {
  skipped: !hasRedisServer && !process.env.CI,
  start: () => startRedis({ appendonly: true, args: ['--appendfsync', 'always'] }),
}
const postgres = { skipped: false, start: () => startPostgres() }
const inFolder = async (name = '') => {
  const dir = await mkdtemp(join(tmpdir(), 'respond-async-store-'))
  return { url: join(dir, name), stop: async () => rmSync(dir, { recursive: true, force: true }) }
}
/** A Worker in workerd: one process that takes requests, runs jobs and has the storage, in its folder. */
const worker = (name: string, bindings: WorkerdOptions, sweepMs = 0) => ({
  ...{ entry: app('workerd'), roles: ['web worker'] satisfies Role[], skipped: false, leads: true, jobs: 45, start: () => inFolder() },
  env: {
    WORKER: new URL(`../workers/crash-${name}.ts`, import.meta.url).pathname,
    ...{ BINDINGS: JSON.stringify(bindings), SWEEP_MS: `${sweepMs}` },
  },
})
const OBJECTS = { JOBS_OBJECT: 'JobObject' }

const PAIRS = {
  sqlite: {
    ...{ title: 'SQLite, in process, Express', entry: app('sqlite'), ...ALL_IN_ONE, skipped: false, start: () => inFolder('jobs.db') },
  },
  postgres: { title: 'Postgres, in process, Hono', entry: app('postgres'), ...ALL_IN_ONE, ...postgres },
  redis: { title: 'Redis, in process, Hono', entry: app('redis'), ...ALL_IN_ONE, ...redis },
  pgBoss: { title: 'Postgres, pg-boss, Hono', entry: app('pg-boss'), ...APART, ...postgres },
  bullmq: { title: 'Redis, BullMQ, Express', entry: app('bullmq'), ...APART, ...redis },
  objects: { title: 'Durable Objects, waitUntil and alarms, Workers', ...worker('objects', { objects: OBJECTS }) },
  objectsQueue: { title: 'Durable Objects, Queue, Workers', ...worker('objects-queue', { objects: OBJECTS, queues: ['QUEUE'] }) },
  d1Queue: { title: 'D1, Queue, Workers', ...worker('d1-queue', { databases: ['DB'], queues: ['QUEUE'] }, 300) },
  d1Workflow: {
    title: 'D1, Workflow, Workers',
    ...worker('d1-workflow', { databases: ['DB'], workflows: { WORKFLOW: 'JobWorkflow' } }, 300),
  },
} satisfies Record<string, Pair>
type Name = keyof typeof PAIRS

/** Those of the given, or of all, that CRASH_PAIRS names (`postgres,bullmq`); every one where it is not set. */
export function chosen(names: readonly Name[] = Object.keys(PAIRS) as Name[]): Pair[] {
  const wanted = process.env.CRASH_PAIRS?.split(',')
  return names.filter((name) => wanted?.includes(name) ?? true).map((name) => PAIRS[name])
}
