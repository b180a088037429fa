import { createJobs, type Execute, type JobMessage, memoryStore } from '@respond-async/core'
import { pgBossEngine } from '@respond-async/engine-pg-boss'
import { postgresStore } from '@respond-async/store-postgres'
import { Pool } from 'pg'
import { PgBoss } from 'pg-boss'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type PostgresServer, startPostgres } from '../../../tests/postgres'

const answered: Execute = async () => ({ status: 200, headers: {}, body: null })

describe('a hand-over in the transaction that stores the job', () => {
  let server: PostgresServer
  let pool: Pool
  let boss: PgBoss
  beforeAll(async () => {
    server = await startPostgres()
  }, 60_000)
  afterAll(() => server.stop())
  beforeEach(() => {
    pool = new Pool({ connectionString: server.url })
    boss = new PgBoss({ connectionString: server.url, supervise: false, schedule: false })
  })
  afterEach(async () => {
    await boss.stop({ graceful: false })
    await pool.end()
  })
  const rows = async (text: string, values: unknown[] = []) => (await pool.query(text, values)).rows
  /** The message as pg-boss has it, with the transaction that wrote it. */
  const messageOf = (id: string) => rows(`SELECT xmin, state FROM pgboss.job WHERE data->>'id' = $1`, [id])

  it('commits with the job', async () => {
    const jobs = createJobs({ store: postgresStore({ client: pool }), engine: pgBossEngine({ boss }) })
    jobs.define('work', {}, answered)
    const { id } = await jobs.submit('work', {})
    const [message] = await messageOf(id)
    const [job] = await rows('SELECT xmin FROM respond_async.jobs WHERE id = $1', [id])
    expect(message).toEqual({ xmin: job?.xmin, state: 'created' })

    await jobs.start()
    await expect.poll(async () => (await jobs.get(id))?.status, { timeout: 20_000 }).toBe('succeeded')
    await expect.poll(() => messageOf(id)).toEqual([])
    await jobs.stop()
  }, 60_000)

  it('is undone with it', async () => {
    const engine = pgBossEngine({ boss })
    const store = postgresStore({ client: pool })
    const jobs = createJobs({ store: memoryStore(), engine })
    jobs.define('work', {}, answered)
    const job = { ...(await jobs.submit('work', {})), id: 'undone' }
    const message: JobMessage = { v: 1, id: 'undone', operation: 'work', dispatch: 1 }
    let seen = 0
    const inserted = store.insert(job, undefined, async (transaction) => {
      await engine.dispatch(message, { delayMs: 0, transaction })
      seen = (await messageOf('undone')).length // from outside
      throw new Error('the power is gone')
    })
    await expect(inserted).rejects.toThrow('the power is gone')
    expect([seen, await messageOf('undone'), await store.get('undone')]).toEqual([0, [], null])
  }, 60_000)

  it('is no part of it where it is told so', async () => {
    const jobs = createJobs({ store: postgresStore({ client: pool }), engine: pgBossEngine({ boss, transaction: false }) })
    jobs.define('work', {}, answered)
    const { id } = await jobs.submit('work', {})
    const [message] = await messageOf(id)
    const [job] = await rows('SELECT xmin FROM respond_async.jobs WHERE id = $1', [id])
    expect(message?.xmin).not.toBe(job?.xmin)
  }, 60_000)
})
