import type { JobMessage, Runner, RunOutcome } from '@respond-async/core'
import { type PgBossEngineOptions, pgBossEngine } from '@respond-async/engine-pg-boss'
import { Client } from 'pg'
import { type ConstructorOptions, PgBoss } from 'pg-boss'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type PostgresServer, startPostgres } from '../../../tests/postgres'

const NOW = { delayMs: 0 }
const DONE: RunOutcome = { kind: 'done' }
const HOUR_S = 3_600
const PAUSE = `state, start_after > now() + interval '9 min' AS is_long`
const message = (id: string): JobMessage => ({ v: 1, id, operation: 'work', dispatch: 1 })
const ids = (count: number) => Array.from({ length: count }, (_, at) => `job-${at}`)

/** What the engine does with its Postgres, in this process. */
describe('pgBossEngine on its Postgres', () => {
  let server: PostgresServer
  let admin: Client
  let queue = ''
  let queues = 0
  let closing: (() => unknown)[] = []
  beforeAll(async () => {
    server = await startPostgres()
    admin = new Client({ connectionString: server.url })
    await admin.connect()
  })
  afterAll(async () => {
    await admin.end()
    await server.stop()
  })
  beforeEach(() => {
    queue = `queue-${queues++}`
    closing = []
  })
  afterEach(async () => {
    for (const close of closing.reverse()) await close()
  })

  function open(options: Partial<PgBossEngineOptions> = {}, given: Partial<ConstructorOptions> = {}) {
    const errors: unknown[] = []
    const boss = new PgBoss({ connectionString: server.url, supervise: false, schedule: false, ...given })
    const engine = pgBossEngine({ boss, queue, onError: (error) => errors.push(error), ...options })
    closing.push(async () => {
      await engine.stop?.(1_000)
      await boss.stop({ graceful: false })
    })
    return {
      ...{ boss, engine, errors },
      start: (run: Runner) => engine.start?.(run) as Promise<void>,
      add: (...all: string[]) => Promise.all(all.map((id) => engine.dispatch(message(id), NOW))),
    }
  }
  const rows = async (columns: string) => (await admin.query(`SELECT ${columns} FROM pgboss.job WHERE name = $1`, [queue])).rows
  /** Runs that end when they are told to. */
  function gated(outcome = DONE) {
    const running = new Map<string, () => void>()
    const run: Runner = ({ id }) =>
      new Promise((resolve) => {
        running.set(id, () => {
          running.delete(id)
          resolve(outcome)
        })
      })
    return { run, running }
  }

  it('makes a queue whose messages outlast every job and every wait', async () => {
    const { boss, add } = open()
    await add('a')
    expect(await boss.getQueue(queue)).toMatchObject({
      ...{ policy: 'standard', expireInSeconds: 86_400, heartbeatSeconds: 60, retryLimit: 1_000_000, retryDelay: 30 },
      ...{ retryBackoff: false, retentionSeconds: 31_536_000, notify: true, deadLetter: null },
    })
  })

  it('gives a message an id that processes of every version compute, a UUID of version 8', async () => {
    await open().add('a')
    expect(await rows('id')).toEqual([{ id: '2f8fe63a-6224-821d-85d0-a24cf30067d3' }])
  })

  it('promises runs of a minute less than pg-boss allows', () => {
    expect(open().engine.capabilities).toEqual({
      ...{ durable: true, remote: true, maxRunMs: 86_340_000, delay: true, cancel: 'remote', transaction: 'postgres' },
    })
  })

  it('delivers a message again some seconds after a run that found the store away, and says why', async () => {
    const { start, add, errors } = open()
    await start(async () => {
      throw new Error('the store is away')
    })
    await add('a')
    // Not the pause of pg-boss, which is half a minute.
    const pause = () => rows(`state, start_after > now() AND start_after <= now() + interval '5 s' AS is_short`)
    await expect.poll(pause).toEqual([{ state: 'retry', is_short: true }])
    expect(errors.map(String)).toEqual(['Error: the store is away'])
  })

  it('has put a message back for its pause, one step after the other, before it stops', async () => {
    const { boss, engine, start, add } = open({ concurrency: 1 })
    const slowly = (name: 'fail' | 'update', roundTrips: number) => {
      const real = boss[name].bind(boss) as (...args: unknown[]) => Promise<never>
      vi.spyOn(boss, name).mockImplementation(async (...args: unknown[]) => {
        for (let n = 0; n < roundTrips; n++) await admin.query('SELECT 1')
        return real(...args)
      })
    }
    slowly('fail', 20)
    slowly('update', 10)
    const ran = vi.fn()
    await start(async () => {
      ran()
      return { kind: 'retry', delayMs: 600_000 }
    })
    await add('a')
    await expect.poll(() => ran.mock.calls.length).toBe(1)
    await engine.stop?.(20_000)
    expect(await rows(PAUSE)).toEqual([{ state: 'retry', is_long: true }])
  })

  it('puts a message back in one step: in between, others find it with its worker', async () => {
    const { boss, start, add } = open({ concurrency: 1 })
    const update = boss.update.bind(boss) as (...args: unknown[]) => Promise<never>
    let between: unknown
    vi.spyOn(boss, 'update').mockImplementation(async (...args: unknown[]) => {
      between = await rows('state')
      return update(...args)
    })
    await start(async () => ({ kind: 'retry', delayMs: 600_000 }))
    await add('a')
    await expect.poll(() => rows(PAUSE)).toEqual([{ state: 'retry', is_long: true }])
    expect(between).toEqual([{ state: 'active' }])
  })

  it('leaves a message to pg-boss that it cannot put back', async () => {
    await admin.query(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$`)
    await admin.query(
      `CREATE TRIGGER refuse BEFORE UPDATE ON pgboss.job_common FOR EACH ROW WHEN (OLD.state = 'retry') EXECUTE FUNCTION refuse()`,
    )
    closing.push(() => admin.query('DROP FUNCTION refuse CASCADE'))
    const { start, add, errors } = open({ concurrency: 1 })
    await start(async () => ({ kind: 'retry', delayMs: 600_000 }))
    await add('a')
    await expect.poll(() => rows(PAUSE)).toEqual([{ state: 'retry', is_long: false }])
    expect(errors).toEqual([expect.objectContaining({ message: 'no' })])
  })

  it('puts a message back where pg-boss has no transactions', async () => {
    const db = { executeSql: (text: string, values?: unknown[]) => admin.query(text, values) }
    const { start, add } = open({ concurrency: 1 }, { db })
    await start(async () => ({ kind: 'retry', delayMs: 600_000 }))
    await add('a')
    await expect.poll(() => rows(PAUSE)).toEqual([{ state: 'retry', is_long: true }])
  })

  it.each([
    [10, {}],
    [2, { concurrency: 2 }],
  ])('runs %i jobs at once with %j', async (count, options) => {
    const { start, add } = open(options)
    const { run, running } = gated()
    await add(...ids(count + 2))
    await start(run)
    await expect.poll(() => running.size).toBe(count)
    expect(await rows(`count(*) FILTER (WHERE state = 'active')::int AS active`)).toEqual([{ active: count }])
    for (const open of running.values()) open()
    await expect.poll(() => running.size).toBe(2)
    for (const open of running.values()) open()
  })

  it('deletes the messages of all hand-overs of a job', async () => {
    const { engine, add } = open()
    await add('a', 'b')
    await engine.dispatch({ ...message('a'), dispatch: 2 }, NOW)
    await engine.cancel?.('a', 2)
    expect(await rows(`data->>'id' AS id`)).toEqual([{ id: 'b' }])
  })

  it('takes the next message at once after a job', async () => {
    const { start, add } = open({ concurrency: 1, pollingIntervalSeconds: HOUR_S })
    const ran: string[] = []
    await add(...ids(3))
    await start(async ({ id }) => {
      ran.push(id)
      return DONE
    })
    await expect.poll(() => ran.toSorted()).toEqual(ids(3))
  })

  it('takes a message at once where pg-boss listens', async () => {
    const { start, add, boss } = open({ concurrency: 1, pollingIntervalSeconds: HOUR_S }, { useListenNotify: true })
    const { run, running } = gated()
    const asked = vi.spyOn(boss.getDb(), 'executeSql')
    await start(run)
    const fetches = () => asked.mock.calls.flatMap(([text], at) => (text.includes('SKIP LOCKED') ? [asked.mock.settledResults[at]] : []))
    await expect.poll(() => fetches()[0]?.type).toBe('fulfilled') // with nothing
    await add('a')
    await expect.poll(() => running.size).toBe(1)
    running.get('a')?.()
  })

  it.each([
    [2, {}],
    [7, { pollingIntervalSeconds: 7 }],
  ])('polls every %i seconds with %j, whether pg-boss listens or not', async (seconds, options) => {
    const { start, boss } = open({ concurrency: 1, ...options })
    const work = vi.spyOn(boss, 'work')
    await start(async () => DONE)
    expect(work.mock.calls[0]?.[1]).toMatchObject({
      pollingIntervalSeconds: seconds,
      notifyPollingIntervalSeconds: seconds,
      heartbeatRefreshSeconds: 5,
    })
  })

  it.each([
    ['done', DONE],
    ['to be tried again', { kind: 'retry', delayMs: 0 } as const],
  ])('does not settle a message that another worker has by now, when its own run is %s', async (_what, outcome) => {
    const [first, second] = [open({ concurrency: 1, pollingIntervalSeconds: 0.5 }), open({ concurrency: 1, pollingIntervalSeconds: 0.5 })]
    const [silent, other] = [gated(outcome), gated()]
    await first.add('a')
    await first.start(silent.run)
    await expect.poll(() => silent.running.size).toBe(1)
    await admin.query(`UPDATE pgboss.job SET state = 'retry', start_after = now() WHERE name = $1`, [queue]) // as after a silence
    await second.start(other.run)
    await expect.poll(() => other.running.size).toBe(1)
    silent.running.get('a')?.()
    await first.engine.stop?.(20_000)
    expect(await rows('state, retry_count')).toEqual([{ state: 'active', retry_count: 1 }])
    other.running.get('a')?.()
    await expect.poll(() => rows('state')).toEqual([])
  })

  it('hears errors of pg-boss where nobody else does', async () => {
    const [heard, others] = [open(), open()]
    const own: unknown[] = []
    others.boss.on('error', (error) => own.push(error))
    await Promise.all([heard.add('a'), others.add('b')])
    for (const { boss } of [heard, others]) boss.emit('error', new Error('lost'))
    expect([heard.errors, others.errors, own].map((errors) => errors.map(String))).toEqual([['Error: lost'], [], ['Error: lost']])
  })

  it('says errors on the console where nobody else wants them', async () => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => {})
    closing.push(() => said.mockRestore())
    const { boss, add } = open({ onError: undefined })
    await add('a')
    const lost = new Error('lost')
    boss.emit('error', lost)
    expect(said.mock.calls).toEqual([['respond-async: pg-boss:', lost]])
  })

  it('asks Postgres once for a hand-over, and not at all for one that is part of another statement', async () => {
    const { boss, engine, add } = open()
    await add('a')
    const asked = vi.spyOn(boss.getDb(), 'executeSql')
    await add('b')
    expect(asked).toHaveBeenCalledTimes(1)
    expect(await engine.prepare?.(message('c'), NOW)).toHaveLength(1)
    expect(asked).toHaveBeenCalledTimes(1)
  })

  it('says at once that Postgres refused a message, without asking again', async () => {
    const { boss, add } = open()
    await add('a')
    await admin.query(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$`)
    await admin.query('CREATE TRIGGER refuse BEFORE INSERT ON pgboss.job_common FOR EACH ROW EXECUTE FUNCTION refuse()')
    closing.push(() => admin.query('DROP FUNCTION refuse CASCADE'))
    const asked = vi.spyOn(boss.getDb(), 'executeSql')
    await expect(add('b')).rejects.toThrow('no')
    expect(asked).toHaveBeenCalledTimes(1)
  })

  it('starts over where it could connect but not begin', async () => {
    await admin.query('CREATE ROLE late LOGIN')
    const { add } = open({}, { connectionString: server.url.replace('postgres@', 'late@') })
    await expect(add('a')).rejects.toThrow('permission denied')
    await admin.query('ALTER ROLE late SUPERUSER')
    await add('b')
    expect(await rows(`data->>'id' AS id`)).toEqual([{ id: 'b' }])
  })

  it('takes no messages where it was stopped while it started', async () => {
    const { boss, engine, start } = open()
    const work = vi.spyOn(boss, 'work')
    const starting = start(async () => DONE)
    await engine.stop?.(1_000)
    await starting
    expect(work).not.toHaveBeenCalled()
  })

  it('gives up a hand-over that Postgres does not answer', async () => {
    const { add } = open()
    await add('a')
    await admin.query('BEGIN')
    await admin.query('LOCK TABLE pgboss.job_common')
    closing.push(() => admin.query('ROLLBACK'))
    await expect(add('b')).rejects.toThrow('Postgres did not answer in time')
  })
})
