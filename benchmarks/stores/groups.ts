/** Which servers are compared where jobs are kept in a database server: against the same routes written by hand on the records of a queue. */
import type { Contender, Group, Kind } from '../harness/contenders.ts'
import { type Backend, openPostgres, openRedis } from './backends.ts'

export interface StoreGroup {
  readonly name: string
  readonly title: string
  /** What the hand-written contender is. */
  readonly byHand: string
  open(): Promise<Backend>
  /** Other hand-written variants. */
  readonly others: readonly { readonly name: string; readonly file: string; readonly args?: readonly string[] }[]
  readonly files: { readonly 'hand-written': string; readonly 'respond-async': string }
}

export const STORE_GROUPS: readonly StoreGroup[] = [
  {
    ...{ name: 'redis', title: 'Express and Redis', byHand: 'BullMQ', open: openRedis },
    others: [
      { name: 'hand-written over BullMQ, automatic pipelines', file: 'stores/express-bullmq.ts', args: ['pipelines'] },
      { name: 'hand-written over Redis itself', file: 'stores/express-redis-by-hand.ts' },
    ],
    files: { 'hand-written': 'stores/express-bullmq.ts', 'respond-async': 'stores/express-redis.ts' },
  },
  {
    ...{ name: 'postgres', title: 'Hono and Postgres', byHand: 'pg-boss', open: openPostgres },
    others: [
      { name: 'hand-written over pg-boss, ten jobs at a time', file: 'stores/hono-pg-boss.ts', args: ['batches'] },
      { name: 'hand-written over Postgres itself', file: 'stores/hono-postgres-by-hand.ts' },
    ],
    files: { 'hand-written': 'stores/hono-pg-boss.ts', 'respond-async': 'stores/hono-postgres.ts' },
  },
]

/** Starts a server for each contender, so that what each of them costs is its own. */
export async function withGroup<T>(group: StoreGroup, use: (group: Group) => Promise<T>): Promise<T> {
  const backends: Backend[] = []
  const contender = async (kind: Kind, file: string, name: string, more: readonly string[] = []): Promise<Contender> => {
    const backend = await group.open()
    backends.push(backend)
    const args = kind === 'respond-async with an engine' ? [backend.url, backend.url] : [backend.url, ...more]
    return { name, kind, runtime: 'node', file, args, backend }
  }
  try {
    const { files, byHand, name, title, others } = group
    const contenders = [await contender('hand-written', files['hand-written'], `hand-written over ${byHand}`)]
    for (const { name, file, args } of others) contenders.push(await contender('hand-written, another way', file, name, args))
    contenders.push(
      await contender('respond-async', files['respond-async'], 'respond-async'),
      await contender('respond-async with an engine', files['respond-async'], `respond-async, ${byHand} as its engine`),
    )
    return await use({ name, title, contenders })
  } finally {
    for (const backend of backends) await backend.stop()
  }
}
