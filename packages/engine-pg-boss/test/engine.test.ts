import { JobsError } from '@respond-async/core'
import { pgBossEngine } from '@respond-async/engine-pg-boss'
import { Client } from 'pg'
import { PgBoss } from 'pg-boss'
import { describe, expect, it } from 'vitest'
import { testEngine } from '../../../tests/engines/life'
import { startPostgres } from '../../../tests/postgres'

const MESSAGES = 'SELECT count(*)::int AS count FROM pgboss.job WHERE name = $1'

async function count(connectionString: string, text: string, values: string[]): Promise<number> {
  const client = new Client({ connectionString })
  await client.connect()
  try {
    return (await client.query(text, values)).rows[0].count
  } finally {
    await client.end()
  }
}

testEngine({
  title: 'pgBossEngine',
  entry: new URL('process.ts', import.meta.url).pathname,
  variable: 'DATABASE_URL',
  start: () => startPostgres(),
  open(connectionString, queue) {
    const boss = new PgBoss({ connectionString, max: 2, supervise: false, schedule: false })
    const engine = pgBossEngine({ boss, queue, onError: () => {} })
    return {
      ...engine,
      async stop(drainMs) {
        await engine.stop?.(drainMs)
        await boss.stop({ graceful: false })
      },
    }
  },
  messages: (url, queue) => count(url, MESSAGES, [queue]),
  size: (url, queue) => count(url, MESSAGES, [queue]),
})

describe('pgBossEngine', () => {
  const boss = new PgBoss('postgres://127.0.0.1:1/nowhere')

  it.each([
    ['a queue with a name that pg-boss would refuse', { boss, queue: 'a b' }, /queue must be a name of letters/],
    ['an option that there is not', { boss, concurency: 2 }, /^pgBossEngine: concurency is not an option$/],
    ['no concurrency', { boss, concurrency: 0 }, /concurrency must be a whole number from 1/],
    ['half a job at once', { boss, concurrency: 1.5 }, /concurrency must be a whole number from 1/],
    ['a queue without a name', { boss, queue: '' }, /queue must be a name of letters/],
    ['what is no boss', { boss: 'postgres://127.0.0.1/nowhere' as never }, /boss is missing/],
    ['no boss', { boss: undefined as never }, /boss is missing/],
    ['nothing at all', undefined as never, /boss is missing: pass/],
    ['pg-boss itself', boss as never, /boss is missing: pass/],
    ['a URL', 'postgres://127.0.0.1:1/nowhere' as never, /boss is missing: pass/],
    ['polling without a pause', { boss, pollingIntervalSeconds: 0 }, /pollingIntervalSeconds must be at least 0.5/],
    ['polling at no rate', { boss, pollingIntervalSeconds: Number.NaN }, /pollingIntervalSeconds must be at least 0.5/],
  ])('refuses %s at set-up', (_what, options, message) => {
    expect(() => pgBossEngine(options)).toThrow(JobsError)
    expect(() => pgBossEngine(options)).toThrow(message)
  })

  it('takes every name that pg-boss takes', () => {
    expect(pgBossEngine({ boss, queue: 'app.jobs_2-b' }).capabilities.remote).toBe(true)
  })

  it('takes part in no transaction where pg-boss has another database', () => {
    expect(pgBossEngine({ boss }).capabilities.transaction).toBe('postgres')
    expect(pgBossEngine({ boss, transaction: false }).capabilities.transaction).toBeUndefined()
  })

  it('opens nothing before it is used', async () => {
    const engine = pgBossEngine({ boss })
    await engine.stop?.(1_000)
    await engine.cancel?.('a', 1)
    await expect(engine.dispatch({ v: 1, id: 'a', operation: 'b', dispatch: 1 }, { delayMs: 0 })).rejects.toMatchObject({
      code: 'draining',
      message: 'This engine was stopped.',
    })
  })
})
