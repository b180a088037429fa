/** What is owed to a receiver outlives the process that owes it, and the server of the store. */
import { createJobs, type JobStore } from '@respond-async/core'
import { respondAsync } from '@respond-async/core/fetch'
import { postgresStore } from '@respond-async/store-postgres'
import { redisStore } from '@respond-async/store-redis'
import { sqliteStore } from '@respond-async/store-sqlite'
import { webhooks } from '@respond-async/webhooks'
import { Redis } from 'ioredis'
import pg from 'pg'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { SECRET, startReceiver } from '../packages/webhooks/test/receiver'
import { databaseFile } from './database-file'
import { startPostgres } from './postgres'
import { startRedis, withoutRedis } from './redis'

interface Backend {
  /** A store as a process opens it: with a connection of its own. */
  open(): { store: JobStore; close(): Promise<unknown> }
  /** The server dies and comes back. */
  restart?(): Promise<void>
}

async function sqlite(): Promise<Backend> {
  const path = await databaseFile()
  return {
    open() {
      const store = sqliteStore({ path })
      return { store, close: async () => store.close?.() }
    },
  }
}

async function postgres(): Promise<Backend> {
  const { url, stop, restart } = await startPostgres()
  onTestFinished(stop)
  return {
    open() {
      const client = new pg.Pool({ connectionString: url })
      client.on('error', () => {}) // the server goes away
      return { store: postgresStore({ client }), close: () => client.end() }
    },
    restart,
  }
}

async function redis(): Promise<Backend> {
  const { url, stop, restart } = await startRedis({ appendonly: true, args: ['--appendfsync', 'always'] })
  onTestFinished(stop)
  return {
    open() {
      const client = new Redis(url)
      client.on('error', () => {}) // the server goes away
      return { store: redisStore({ client }), close: async () => client.disconnect() }
    },
    restart,
  }
}

describe.each([
  ['SQLite', sqlite, false],
  ['Postgres', postgres, false],
  ['Redis', redis, withoutRedis],
] as const)('a webhook on %s', (_name, start, skipped) => {
  it.skipIf(skipped)('that was not taken is sent again by another process, after a restart of all', async () => {
    const statuses = [503, 204]
    const receiver = await startReceiver((res) => void res.writeHead(statuses.shift() ?? 500).end())
    onTestFinished(receiver.close)
    const backend = await start()
    let now = Date.now()
    const process = () => {
      const { store, close } = backend.open()
      const sender = webhooks({ secrets: [SECRET], allow: [receiver.origin] })
      const jobs = createJobs<Request>({ store, now: () => now, sweepMs: 0, webhooks: sender, onError() {} })
      const handler = respondAsync(jobs, { operation: 'report', webhook: receiver.url }, () => Response.json({ rows: 7 }))
      return {
        ...{ jobs, handler },
        async end() {
          await jobs.stop()
          await close()
        },
        tries: async (id: string) => (await jobs.get(id))?.webhook?.log.map(({ status }) => status),
      }
    }

    const first = process()
    const { headers } = await first.handler(new Request('http://localhost/reports', { method: 'POST' }))
    const id = headers.get('location')?.split('/').at(-1) ?? ''
    await vi.waitFor(async () => expect(await first.tries(id)).toEqual([503]))
    await first.end()
    await backend.restart?.()

    const second = process()
    onTestFinished(second.end)
    await vi.waitFor(() => second.jobs.sweep())
    expect(receiver.arrived).toHaveLength(1) // it is not due yet
    now += 10_000
    await second.jobs.sweep()
    await vi.waitFor(async () => expect(await second.tries(id)).toEqual([503, 204]))
    expect(new Set(receiver.arrived.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([`msg_${id}`]))
    now += 86_000_000
    await second.jobs.sweep()
    expect(receiver.arrived).toHaveLength(2)
  })
})
