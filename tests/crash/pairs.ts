import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres } from '../postgres'
import { hasRedisServer, startRedis } from '../redis'
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
  /** Not to be had on this machine. In CI it is a failure. */
  readonly skipped: boolean
  start(): Promise<StoreServer>
}

const app = (name: string) => new URL(`apps/${name}.ts`, import.meta.url).pathname
const ALL_IN_ONE: Role[] = ['web worker', 'web worker', 'web worker']
const APART: Role[] = ['web', 'web', 'worker', 'worker']
const redis = {
  skipped: !hasRedisServer && !process.env.CI,
  start: () => startRedis({ appendonly: true, args: ['--appendfsync', 'always'] }),
}
const postgres = { skipped: false, start: () => startPostgres() }

const PAIRS = {
  sqlite: {
    ...{ title: 'SQLite, in process, Express', entry: app('sqlite'), roles: ALL_IN_ONE, skipped: false },
    async start() {
      const dir = await mkdtemp(join(tmpdir(), 'respond-async-sqlite-'))
      return { url: join(dir, 'jobs.db'), stop: async () => rmSync(dir, { recursive: true, force: true }) }
    },
  },
  postgres: { title: 'Postgres, in process, Hono', entry: app('postgres'), roles: ALL_IN_ONE, ...postgres },
  redis: { title: 'Redis, in process, Hono', entry: app('redis'), roles: ALL_IN_ONE, ...redis },
  pgBoss: { title: 'Postgres, pg-boss, Hono', entry: app('pg-boss'), roles: APART, ...postgres },
  bullmq: { title: 'Redis, BullMQ, Express', entry: app('bullmq'), roles: APART, ...redis },
} satisfies Record<string, Pair>
type Name = keyof typeof PAIRS

/** Those of the given that CRASH_PAIRS names (`postgres,bullmq`); all of them where it is not set. */
export function chosen(names: readonly Name[]): Pair[] {
  const wanted = process.env.CRASH_PAIRS?.split(',')
  return names.filter((name) => wanted?.includes(name) ?? true).map((name) => PAIRS[name])
}
