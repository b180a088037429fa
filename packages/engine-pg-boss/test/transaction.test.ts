import { createJobs, type Execute } from '@respond-async/core'
import { pgBossEngine } from '@respond-async/engine-pg-boss'
import { postgresStore } from '@respond-async/store-postgres'
import { Pool } from 'pg'
import { PgBoss } from 'pg-boss'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type PostgresServer, startPostgres } from '../../../tests/postgres'

const answered: Execute = async () => ({ status: 200, headers: {}, body: null })

describe('a hand-over in the statement that stores the job', () => {
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
  const messageOf = (id: string) => rows(`SELECT xmin, name, state FROM pgboss.job WHERE data->>'id' = $1`, [id])

  it('commits with the job', async () => {
    const jobs = createJobs({ store: postgresStore({ client: pool }), engine: pgBossEngine({ boss }) })
    jobs.define('work', {}, answered)
    const { id } = await jobs.submit('work', {})
    const [message] = await messageOf(id)
    const [job] = await rows('SELECT xmin FROM respond_async.jobs WHERE id = $1', [id])
    expect(message).toEqual({ xmin: job?.xmin, name: 'respond-async', state: 'created' })

    await jobs.start()
    await expect.poll(async () => (await jobs.get(id))?.status, { timeout: 20_000 }).toBe('succeeded')
    await expect.poll(() => messageOf(id)).toEqual([])
    await jobs.stop()
  }, 60_000)

  it('is held back as long as the job', async () => {
    const jobs = createJobs({ store: postgresStore({ client: pool }), engine: pgBossEngine({ boss }) })
    jobs.define('work', {}, answered)
    const { id } = await jobs.submit('work', {}, { delayMs: 600_000 })
    const waits = `SELECT start_after > now() + interval '9 min' AND start_after <= now() + interval '10 min' AS is_right FROM pgboss.job`
    expect(await rows(`${waits} WHERE data->>'id' = $1`, [id])).toEqual([{ is_right: true }])
  }, 60_000)

  it('is undone with it, and the job with it', async () => {
    const jobs = createJobs({ store: postgresStore({ client: pool }), engine: pgBossEngine({ boss }), onError() {} })
    jobs.define('work', {}, answered)
    const before = await rows('SELECT id FROM respond_async.jobs')
    await pool.query(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the queue is full'; END $$`)
    await pool.query('CREATE TRIGGER refuse AFTER INSERT ON pgboss.job_common FOR EACH ROW EXECUTE FUNCTION refuse()')
    try {
      await expect(jobs.submit('work', {})).rejects.toThrow('the queue is full')
      expect(await rows('SELECT id FROM respond_async.jobs')).toEqual(before)
    } finally {
      await pool.query('DROP TRIGGER refuse ON pgboss.job_common')
    }
    await jobs.submit('work', {})
  }, 60_000)

  it('is none for a job that a key already made', async () => {
    const jobs = createJobs({ store: postgresStore({ client: pool }), engine: pgBossEngine({ boss }) })
    jobs.define('work', {}, answered)
    const made = await Promise.all(Array.from({ length: 20 }, () => jobs.submit('work', {}, { idempotencyKey: 'one' })))
    expect(new Set(made.map(({ id }) => id)).size).toBe(1)
    const messages = await rows('SELECT m.id FROM pgboss.job m LEFT JOIN respond_async.jobs j ON j.id = m.data->>$1 WHERE j.id IS NULL', [
      'id',
    ])
    expect(messages).toEqual([])
  }, 60_000)

  it('goes on where somebody else has deleted the queue, as soon as pg-boss notices: nothing that was accepted is lost', async () => {
    const noticing = new PgBoss({ connectionString: server.url, supervise: false, schedule: false, queueCacheIntervalSeconds: 1 })
    const options = { startDeadlineMs: 2_000, sweepMs: 200, onError() {} }
    const engine = pgBossEngine({ boss: noticing, queue: 'deleted' })
    const jobs = createJobs({ store: postgresStore({ client: pool }), engine, ...options })
    jobs.define('deleted', {}, answered)
    await jobs.submit('deleted', {})
    await pool.query(`SELECT pgboss.delete_queue('deleted')`)
    // Until then pg-boss refuses messages, and with them jobs; before version 12.38 it dropped them, and a sweep sends them again.
    const { id } = await vi.waitFor(() => jobs.submit('deleted', {}), { timeout: 20_000, interval: 100 })
    expect((await jobs.list({ operation: 'deleted' })).jobs).toHaveLength(2)
    await jobs.start()
    await expect.poll(async () => (await jobs.get(id))?.status, { timeout: 20_000 }).toBe('succeeded')
    await jobs.stop()
    await noticing.stop({ graceful: false })
  }, 60_000)

  it('is made where pg-boss has noticed by itself that the queue is gone', async () => {
    const engine = pgBossEngine({ boss, queue: 'noticed' })
    const jobs = createJobs({ store: postgresStore({ client: pool }), engine, onError() {} })
    jobs.define('work', {}, answered)
    await jobs.submit('work', {})
    await boss.deleteQueue('noticed')
    const made = await Promise.all([1, 2, 3].map(() => jobs.submit('work', {})))
    for (const { id } of made) expect(await messageOf(id)).toHaveLength(1)
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
