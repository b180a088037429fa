import type { JobMessage, Runner, RunOutcome } from '@respond-async/core'
import { type BullmqEngineOptions, bullmqEngine } from '@respond-async/engine-bullmq'
import { Queue, type WorkerOptions } from 'bullmq'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { bundled, startProcess } from '../../../tests/processes'
import { hasRedisServer, type RedisServer, startRedis } from '../../../tests/redis'

const NOW = { delayMs: 0 }
const DONE: RunOutcome = { kind: 'done' }
const message = (id: string): JobMessage => ({ v: 1, id, operation: 'work', dispatch: 1 })
const ids = (count: number) => Array.from({ length: count }, (_, at) => `job-${at}`)

/** What the engine does with its Redis, in this process: a server for each test, some of which break it. */
describe.skipIf(!hasRedisServer)('bullmqEngine on its Redis', () => {
  let server: RedisServer
  let admin: Redis
  let closing: (() => unknown)[] = []
  beforeEach(async () => {
    server = await startRedis()
    admin = new Redis(server.url)
    admin.on('error', () => {}) // one test kills its server
    closing = [() => server.stop(), () => admin.disconnect()]
  })
  afterEach(async () => {
    for (const close of closing.reverse()) await close()
  })

  function open(options: Partial<BullmqEngineOptions> = {}) {
    const errors: unknown[] = []
    const engine = bullmqEngine({ connection: { url: server.url }, onError: (error) => errors.push(error), ...options })
    const stop = (drainMs = 5_000) => engine.stop?.(drainMs) as Promise<void>
    closing.push(() => stop(1_000))
    return {
      errors,
      stop,
      start: (run: Runner) => engine.start?.(run),
      add: (...all: string[]) => Promise.all(all.map((id) => engine.dispatch(message(id), NOW))),
      again: (id: string) => engine.dispatch({ ...message(id), dispatch: 2 }, NOW),
      cancel: (id: string, dispatch = 1) => engine.cancel?.(id, dispatch) as Promise<void>,
    }
  }
  function look() {
    const queue = new Queue('respond-async', { connection: { url: server.url } })
    closing.push(() => queue.close())
    return queue
  }
  const connections = async () =>
    String(await admin.client('LIST'))
      .split('\n')
      .filter(Boolean).length - 1
  /** Runs that end when they are told to. */
  function gated() {
    const running = new Map<string, { open(): void; signal: AbortSignal | undefined }>()
    const run: Runner = ({ id }, { signal } = {}) =>
      new Promise((resolve) => {
        const open = () => {
          running.delete(id)
          resolve(DONE)
        }
        running.set(id, { open, signal })
        signal?.addEventListener('abort', open)
      })
    return { run, running }
  }

  it('delivers a message again some seconds after a run that found the store away, and says why', async () => {
    const engine = open()
    const queue = look()
    await engine.start(async () => {
      throw new Error('the store is away')
    })
    await engine.add('a')
    await expect.poll(() => queue.getDelayedCount()).toBe(1)
    expect((await queue.getDelayed())[0]).toMatchObject({ id: 'a-1', delay: expect.closeTo(5_000, -3) })
    expect(engine.errors.map(String)).toEqual(['Error: the store is away'])
  })

  it.each([
    [10, {}],
    [2, { concurrency: 2 }],
    [2, { concurrency: 2, worker: { concurrency: 1 } as object }],
  ])('runs %i jobs at once with %j', async (count, options) => {
    const engine = open(options)
    const queue = look()
    const { run, running } = gated()
    await engine.add(...ids(count + 2))
    await engine.start(run)
    await expect.poll(() => running.size).toBe(count)
    expect(await queue.getWaitingCount()).toBe(2)
    expect(await queue.getActiveCount()).toBe(count)
    for (const { open } of running.values()) open()
    await expect.poll(() => running.size).toBe(2)
    for (const { open } of running.values()) open()
  })

  it('has all its keys under the prefix, in processes that add, run and cancel', async () => {
    const [web, worker] = [open({ prefix: '{jobs}' }), open({ prefix: '{jobs}' })]
    const { run, running } = gated()
    await worker.start(run)
    await web.add('a', 'b')
    await expect.poll(() => running.size).toBe(2)
    await web.cancel('a')
    await expect.poll(() => [...running.keys()]).toEqual(['b'])
    const keys = await admin.keys('*')
    expect(keys).toContain('{jobs}:respond-async:active')
    expect(keys.filter((key) => !key.startsWith('{jobs}:respond-async'))).toEqual([])
    running.get('b')?.open()
  })

  it('gives further options to the worker', async () => {
    const engine = open({ worker: { metrics: { maxDataPoints: 10 } } })
    const queue = look()
    await engine.start(async () => DONE)
    await engine.add('a')
    await expect.poll(async () => (await queue.getMetrics('completed')).meta.count).toBe(1)
  })

  it('tells a run of a cancel that was sent while its connection was broken', async () => {
    const engine = open()
    const { run, running } = gated()
    await engine.start(run)
    await engine.add('a')
    await expect.poll(() => running.size).toBe(1)
    const listener = async () => /^id=(\d+).* cmd=xread/m.exec(String(await admin.client('LIST')))?.[1]
    await expect.poll(listener).toBeDefined()
    const id = Number(await listener())
    await admin.multi().client('KILL', 'ID', id).xadd('bull:respond-async-cancel:events', '*', 'event', 'cancel', 'message', 'a-1').exec()
    await expect.poll(() => running.size, { timeout: 20_000 }).toBe(0)
  })

  it('tells a run of a cancel while its process is stopping', async () => {
    const [web, worker] = [open(), open()]
    const { run, running } = gated()
    await worker.start(run)
    await web.add('a')
    await expect.poll(() => running.size).toBe(1)
    const stopped = worker.stop(20_000)
    await web.cancel('a')
    await stopped
    expect(running.size).toBe(0)
  })

  it('settles at its second stop what was cut off after the first', async () => {
    const [engine, queue] = [open(), look()]
    let cut = () => {}
    await engine.start(() => new Promise((resolve) => (cut = () => resolve({ kind: 'retry', delayMs: 600_000 }))))
    await engine.add('a')
    await expect.poll(() => queue.getActiveCount()).toBe(1)
    await engine.stop(50)
    for (let n = 0; n < 50; n++) await admin.ping()
    cut()
    await engine.stop(5_000)
    expect(await queue.getDelayedCount()).toBe(1)
  })

  it('removes what waits without a word to the workers', async () => {
    const engine = open()
    await engine.add('a')
    await engine.cancel('a')
    expect(await look().getWaitingCount()).toBe(0)
    expect(await admin.keys('*-cancel:*')).toEqual([])
  })

  it('removes the messages of all hand-overs of a job', async () => {
    const engine = open()
    await engine.add('a', 'b')
    await engine.again('a')
    await engine.cancel('a', 2)
    expect((await look().getWaiting()).map(({ id }) => id)).toEqual(['b-1'])
  })

  it('holds one connection in a process that only adds and cancels, and none once it is stopped', async () => {
    const [web, worker] = [open(), open()]
    const { run, running } = gated()
    const before = await connections()
    await web.add(...ids(5))
    expect(await connections()).toBe(before + 1)
    await worker.start(run)
    await expect.poll(() => running.size).toBe(5)
    for (const id of ids(5)) await web.cancel(id)
    await expect.poll(() => running.size).toBe(0)
    await worker.stop()
    await expect.poll(connections, { timeout: 4_000 }).toBe(before + 1) // not only when it lets go of what has not closed
    await web.stop()
    await expect.poll(connections).toBe(before)
    expect([web.errors, worker.errors]).toEqual([[], []])
  })

  it('leaves a client open that it was given', async () => {
    const client = new Redis(server.url, { maxRetriesPerRequest: null })
    closing.push(() => client.disconnect())
    const engine = open({ connection: client })
    const { run, running } = gated()
    await engine.start(run)
    await engine.add('a')
    await expect.poll(() => running.size).toBe(1)
    await engine.cancel('a')
    const timers = vi.spyOn(globalThis, 'setTimeout')
    await engine.stop()
    expect(await client.ping()).toBe('PONG')
    const late = timers.mock.calls.filter(([, ms]) => ms === 5_000)
    timers.mockRestore()
    for (const [run] of late) (run as () => void)() // also when it lets go of what has not closed
    await admin.ping()
    expect(await client.ping()).toBe('PONG')
  })

  it('keeps about a hundred events', async () => {
    const engine = open()
    await engine.add(...ids(300))
    expect(await admin.xlen('bull:respond-async:events')).toBeLessThan(300)
  })

  it('leaves nothing of a message that BullMQ gave up', async () => {
    const engine = open({ worker: { stalledInterval: 50, maxStalledCount: 0 } satisfies Partial<WorkerOptions> })
    const queue = look()
    await engine.start(async () => {
      await admin.del('bull:respond-async:a-1:lock')
      return { kind: 'retry', delayMs: 0 }
    })
    await engine.add('a')
    await expect.poll(() => engine.errors.length).toBeGreaterThan(0)
    await expect.poll(() => queue.getActiveCount()).toBe(0)
    await expect.poll(() => admin.exists('bull:respond-async:a-1')).toBe(0)
    expect(await queue.getFailedCount()).toBe(0)
  })

  it('reports to nobody but `onError` that Redis is away, and refuses at once', async () => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => {})
    closing.push(() => said.mockRestore())
    const [web, worker] = [open(), open()]
    const { run, running } = gated()
    await worker.start(run)
    await web.add('a')
    await expect.poll(() => running.size).toBe(1)
    await web.cancel('a')
    await expect.poll(() => running.size).toBe(0)
    await server.kill()
    await expect.poll(() => web.errors.length).toBeGreaterThan(0)
    await expect.poll(() => worker.errors.length).toBeGreaterThan(1)
    await expect(web.add('b')).rejects.not.toThrow('did not answer')
    expect(said).not.toHaveBeenCalled()
    await server.restart()
    const queue = look()
    await expect.poll(() => web.add('c').then(() => 'added', String), { timeout: 20_000 }).toBe('added')
    expect(await queue.getJob('b-1')).toBeUndefined()
  })

  it('says errors on the console where nobody else wants them', async () => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => {})
    closing.push(() => said.mockRestore())
    const engine = open({ onError: undefined })
    await engine.add('a')
    await server.kill()
    await expect.poll(() => said.mock.calls[0]).toEqual(['respond-async: BullMQ:', expect.any(Error)])
  })

  it.each([
    ['is away', () => server.kill()],
    ['does not answer', () => admin.client('PAUSE', 60_000, 'ALL')],
  ])('keeps no process that was stopped while Redis %s', async (_what, leave) => {
    const entry = new URL('leaving.ts', import.meta.url).pathname
    const leaving = await startProcess(entry, await bundled(entry), { REDIS_URL: server.url })
    await leave()
    await leaving.end('SIGTERM')
  })

  it.each([
    ['is away', { leave: () => server.kill() }],
    ['does not answer', { leave: () => admin.client('PAUSE', 60_000, 'ALL') }],
    ['was never there', { before: () => server.kill() }],
  ])(
    'keeps no worker process that was stopped while Redis %s',
    async (_what, { before, leave }: { before?(): unknown; leave?(): unknown }) => {
      const entry = new URL('leaving.ts', import.meta.url).pathname
      await before?.()
      const leaving = await startProcess(entry, await bundled(entry), { REDIS_URL: server.url, ROLE: 'worker' })
      if (leave)
        await expect
          .poll(async () => String(await admin.client('LIST')))
          .toMatch(/ cmd=bzpopmin [\s\S]* cmd=xread | cmd=xread [\s\S]* cmd=bzpopmin /)
      await leave?.()
      await leaving.end('SIGTERM')
    },
  )

  it('gives up a hand-over and a cancel that Redis does not answer', async () => {
    const engine = open()
    await engine.add('a')
    await admin.client('PAUSE', 60_000, 'WRITE')
    const given = await Promise.allSettled([engine.add('b'), engine.cancel('a')])
    const late = expect.objectContaining({ message: 'Redis did not answer in time' })
    expect(given.map((one) => one.status === 'rejected' && one.reason)).toEqual([late, late])
    await admin.client('UNPAUSE')
  })

  it('waits at its stop for hand-overs that are on their way', async () => {
    const engine = open()
    await engine.add('a')
    await admin.client('PAUSE', 60_000, 'WRITE')
    const adding = engine.add('b')
    await expect.poll(async () => String(await admin.client('LIST'))).toMatch(/ flags=b /)
    const stopped = vi.fn()
    const stopping = engine.stop().then(stopped)
    await admin.ping()
    expect(stopped).not.toHaveBeenCalled()
    await admin.client('UNPAUSE')
    await Promise.all([adding, stopping])
    expect(await look().getWaitingCount()).toBe(2)
  })

  it('stops before it was ever connected', async () => {
    await server.kill()
    const engine = open()
    const adding = engine.add('a')
    await Promise.all([expect(adding).rejects.toThrow('Connection is closed'), engine.stop()])
  })

  it('does not wait for a Redis that was never there, and finds it when it comes', async () => {
    await server.kill()
    const engine = open()
    await expect(engine.add('a')).rejects.toThrow('Redis did not answer in time')
    await server.restart()
    await expect.poll(() => engine.add('b').then(() => 'added', String), { timeout: 20_000 }).toBe('added')
  })

  it('starts over where it could connect but not begin', async () => {
    await admin.call('ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '+@all', '-info')
    const engine = open({ connection: { url: server.url.replace('//', '//app:secret@') } })
    const before = await connections()
    await expect(engine.add('a')).rejects.toThrow('NOPERM')
    await expect.poll(connections).toBe(before)
    await admin.call('ACL', 'SETUSER', 'app', '+info')
    await engine.add('a')
  })
  it('of a worker whose user may connect but not begin says so, stops nothing else in its process, and runs once it is started with that right', async () => {
    await admin.call('ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '+@all', '-info')
    const entry = new URL('leaving.ts', import.meta.url).pathname
    const url = server.url.replace('//', '//app:secret@')
    const start = async () => {
      const worker = await startProcess(entry, await bundled(entry), { REDIS_URL: url, ROLE: 'worker' })
      closing.push(() => worker.signal('SIGKILL'))
      return worker
    }
    const first = await start()
    await expect.poll(async () => String(await admin.call('ACL', 'LOG'))).toContain('info')
    await first.end('SIGTERM')

    const told: unknown[] = []
    const here = bullmqEngine({ connection: { url }, onError: (error) => void told.push(error) })
    await here.start?.(async () => ({ kind: 'done' }))
    await expect.poll(() => told.map(String)).toContainEqual(expect.stringContaining("'info' command"))
    await here.stop?.(1_000)

    await admin.call('ACL', 'SETUSER', 'app', '+info')
    const worker = await start()
    await open().add('a')
    await expect.poll(async () => Object.values(await look().getJobCounts())).not.toContain(1)
    await worker.end('SIGTERM')
  })
})
