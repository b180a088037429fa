/** What an engine of other processes has to do, tried with real processes and its real server: the same for every such engine. */
import { randomUUID } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JobEngine, JobMessage, JobsOptions } from '@respond-async/core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { bundled, type Process, startProcess } from '../processes'
import { type Note, notesIn, sha256 } from './work'

interface EngineServer {
  readonly url: string
  kill(): Promise<void>
  restart(): Promise<void>
  stop(): Promise<void>
}

interface EngineUnderTest {
  readonly title: string
  /** The module that a process runs. */
  readonly entry: string
  /** Name of the environment variable that tells it where the server is. */
  readonly variable: string
  start(): Promise<EngineServer>
  /** An engine of the test process itself, on the same queue. */
  open(url: string, queue: string): JobEngine
  /** How many messages the queue's own storage holds, in whatever state. */
  messages(url: string, queue: string): Promise<number>
  /** How many keys or rows there are in all, for one queue: must not grow with the jobs that it has carried. */
  size(url: string, queue: string): Promise<number>
}

interface StatusDocument {
  readonly id: string
  readonly status: string
  readonly attempt?: number
  readonly error?: { readonly code: string }
}

const WAIT = { timeout: 20_000, interval: 20 }

export function testEngine({ title, entry, variable, start, open, messages, size }: EngineUnderTest): void {
  describe(title, { timeout: 60_000 }, () => {
    let code = ''
    let server: EngineServer
    let dir = ''
    let queue = ''
    let running: Process[] = []
    let engines: JobEngine[] = []

    beforeAll(async () => {
      code = await bundled(entry)
      server = await start()
    }, 60_000)
    afterAll(() => server.stop())
    beforeEach(() => {
      dir = mkdtempSync(join(tmpdir(), 'respond-async-engine-'))
      queue = `test-${randomUUID()}`
    })
    afterEach(async () => {
      await Promise.all(running.map((process) => process.end('SIGKILL')))
      await Promise.all(engines.map((engine) => engine.stop?.(1_000)))
      running = []
      engines = []
      rmSync(dir, { recursive: true, force: true })
    })

    /** A process of the application. Nothing is swept unless a test says so: what is done then is done by the engine. */
    async function run(role: 'web' | 'worker' | 'web worker', options: JobsOptions = {}, env: Record<string, string> = {}) {
      const started = await startProcess<{ port: number }>(entry, code, {
        ...{ ROLE: role, DIR: dir, QUEUE: queue, [variable]: server.url, ...env },
        JOBS: JSON.stringify({ sweepMs: 0, ...options }),
      })
      running.push(started)
      return Object.assign(started, client(started.said.port))
    }
    function engine(): JobEngine {
      const opened = open(server.url, queue)
      engines.push(opened)
      return opened
    }
    const openGate = (name: string) => writeFileSync(join(dir, name), '')
    const notes = (event?: Note['event']) => notesIn(dir).filter((note) => !event || note.event === event)
    const noted = (event: Note['event'], count: number) => vi.waitFor(() => expect(notes(event)).toHaveLength(count), WAIT)
    const emptied = () => vi.waitFor(async () => expect(await messages(server.url, queue)).toBe(0), WAIT)

    it('runs a job in the process that took it, once that has been told to start', async () => {
      const both = await run('web worker')
      const { location, status, result } = await both.whole('/echo/news?tag=a', form())
      expect(status.status).toBe('succeeded')
      expect([result.status, result.headers.get('x-section')]).toEqual([201, 'news'])
      expect(await result.json()).toMatchObject({ pid: both.pid, section: 'news' })
      expect(location).toMatch(/^\/jobs\//)
      await emptied()
    })

    it('carries it to another process, with parameters, query, fields and files; a process that only accepts runs nothing', async () => {
      const web = await run('web')
      const { location } = await web.submit('/echo/b%C3%BCcher?tag=a&tag=b', form())
      await vi.waitFor(async () => expect(await messages(server.url, queue)).toBe(1), WAIT)
      expect((await web.status(location)).status).toBe('queued')

      const worker = await run('worker')
      expect((await web.finished(location)).status).toBe('succeeded')
      expect(await (await web.call(`${location}/result`)).json()).toEqual({
        ...{ pid: worker.pid, section: 'bücher', tag: ['a', 'b'], title: 'Grüße' },
        ...{ name: 'rows.bin', size: BYTES.length, sha256: sha256(BYTES) },
      })
      await emptied()
    })

    it('holds a delayed job back', async () => {
      const web = await run('web')
      await run('worker')
      const accepted = Date.now()
      const { location } = await web.submit('/later')
      expect((await web.finished(location)).status).toBe('succeeded')
      expect((notes('start')[0]?.at ?? 0) - accepted).toBeGreaterThanOrEqual(595) // of 600: two clocks round
      await emptied()
    })

    it('delivers again after a failure, after its pause', async () => {
      const web = await run('web')
      await run('worker')
      const { status } = await web.whole('/flaky')
      expect(status).toMatchObject({ status: 'succeeded', attempt: 3 })
      const [first = 0, second = 0, third = 0] = notes('start').map(({ at }) => at)
      expect(second - first).toBeGreaterThanOrEqual(170) // 200 ms, an eighth less of jitter
      expect(third - second).toBeGreaterThanOrEqual(340)
      expect(notes('start')).toHaveLength(3)
      await emptied()
    })

    it('drops what waits when it is canceled', async () => {
      const web = await run('web')
      const { location } = await web.submit('/gate/a')
      await vi.waitFor(async () => expect(await messages(server.url, queue)).toBe(1), WAIT)
      expect((await web.call(location, { method: 'DELETE' })).status).toBe(200)
      await emptied()
      expect((await web.status(location)).status).toBe('canceled')
      expect(notes()).toEqual([])
    })

    it('reaches what runs in another process when it is canceled, before any heartbeat', async () => {
      const web = await run('web', { leaseMs: 3_600_000 })
      const worker = await run('worker', { leaseMs: 3_600_000 })
      const { location } = await web.submit('/gate/a')
      await noted('start', 1)
      expect((await web.call(location, { method: 'DELETE' })).status).toBe(202)
      await noted('abort', 1)
      expect(notes('abort')[0]?.pid).toBe(worker.pid)
      expect((await web.finished(location)).status).toBe('canceled')
      await emptied()
    })

    it('reaches what runs by an earlier hand-over than the last one', async () => {
      const web = await run('web', { startDeadlineMs: 1_000, sweepMs: 100 })
      const { location } = await web.submit('/gate/a')
      await vi.waitFor(async () => expect(await messages(server.url, queue)).toBeGreaterThan(1), WAIT)
      await web.end('SIGKILL')
      const other = await run('web', { leaseMs: 3_600_000 })
      await run('worker', { leaseMs: 3_600_000 })
      await noted('start', 1)
      await vi.waitFor(async () => expect(await messages(server.url, queue)).toBe(1), WAIT) // the other ones were dropped
      expect((await other.call(location, { method: 'DELETE' })).status).toBe(202)
      await noted('abort', 1)
      expect((await other.finished(location)).status).toBe('canceled')
      await emptied()
    })

    it('lets a worker finish what it runs when it stops, and take nothing new', async () => {
      const web = await run('web')
      const worker = await run('worker')
      const { location } = await web.submit('/gate/a')
      await noted('start', 1)
      const ended = worker.end('SIGTERM')
      await vi.waitFor(() => expect(existsSync(join(dir, 'stopping'))).toBe(true), WAIT)
      const second = await web.submit('/gate/a')
      openGate('a')
      await ended
      expect((await web.finished(location)).status).toBe('succeeded')
      expect(notes('start')).toHaveLength(1)
      expect((await web.status(second.location)).status).toBe('queued')
      await run('worker')
      expect((await web.finished(second.location)).status).toBe('succeeded')
      await emptied()
    })

    it('hands back what did not finish in time, for another worker', async () => {
      const web = await run('web', { sweepMs: 100 })
      const first = await run('worker', {}, { DRAIN_MS: '100' })
      const { location } = await web.submit('/again/a')
      await noted('start', 1)
      await first.end('SIGTERM')
      const second = await run('worker')
      await noted('start', 2)
      openGate('a')
      expect(await web.finished(location)).toMatchObject({ status: 'succeeded', attempt: 2 })
      expect(notes('start').map(({ pid }) => pid)).toEqual([first.pid, second.pid])
      await emptied()
    })

    it('runs once what is delivered twice', async () => {
      const web = await run('web')
      const { location } = await web.submit('/gate/a')
      const id = location.split('/').at(-1) ?? ''
      const message: JobMessage = { v: 1, id, operation: 'gate', dispatch: 1 }
      const other = engine()
      await other.dispatch(message, { delayMs: 0 })
      expect(await messages(server.url, queue)).toBe(1)

      await run('worker')
      await noted('start', 1)
      // Of a hand-over that was never made, and of one that has been: neither is the job's to run.
      await other.dispatch({ ...message, dispatch: 2 }, { delayMs: 0 })
      await vi.waitFor(async () => expect(await messages(server.url, queue)).toBe(1), WAIT)
      openGate('a')
      expect((await web.finished(location)).status).toBe('succeeded')
      await emptied()
      await other.dispatch(message, { delayMs: 0 })
      await emptied()
      expect(notes('start')).toHaveLength(1)
    })

    it('runs a job that has waited longer than its start deadline by whichever of its messages comes first', async () => {
      const web = await run('web', { startDeadlineMs: 1_000, sweepMs: 100 })
      const { location } = await web.submit('/gate/a')
      await vi.waitFor(async () => expect(await messages(server.url, queue)).toBeGreaterThan(1), WAIT)
      await web.end('SIGKILL')
      const other = engine()
      for (let dispatch = 2; (await messages(server.url, queue)) > 1; dispatch++)
        await other.cancel?.(location.split('/').at(-1) ?? '', dispatch)
      await run('worker')
      openGate('a')
      expect((await (await run('web')).finished(location)).status).toBe('succeeded')
    })

    it('gives the job of a worker that was killed to another', async () => {
      const options = { leaseMs: 1_000, sweepMs: 100 }
      const web = await run('web', options)
      const killed = await run('worker', options)
      const { location } = await web.submit('/again/a')
      await noted('start', 1)
      await killed.end('SIGKILL')
      const other = await run('worker', options)
      await noted('start', 2)
      openGate('a')
      expect(await web.finished(location)).toMatchObject({ status: 'succeeded', attempt: 2 })
      expect(notes('end').map(({ pid, attempt }) => [pid, attempt])).toEqual([[other.pid, 2]])
    })

    it('says lost where a worker was killed and no attempt is left', async () => {
      const options = { leaseMs: 1_000, sweepMs: 100 }
      const web = await run('web', options)
      const killed = await run('worker', options)
      const { location } = await web.submit('/gate/a')
      await noted('start', 1)
      await killed.end('SIGKILL')
      expect(await web.finished(location)).toMatchObject({ status: 'failed', error: { code: 'lost' } })
    })

    it('accepts while its server is away, and hands over when it is back', async () => {
      const options = { startDeadlineMs: 1_000, sweepMs: 100 }
      const web = await run('web', options)
      const worker = await run('worker', options)
      expect((await web.whole('/echo/before')).status.status).toBe('succeeded')
      await server.kill()
      const accepted = await Promise.all(['a', 'b', 'c'].map((section) => web.submit(`/echo/${section}`)))
      await server.restart()
      for (const { location } of accepted) {
        expect((await web.finished(location)).status).toBe('succeeded')
        expect(await (await web.call(`${location}/result`)).json()).toMatchObject({ pid: worker.pid })
      }
    })

    it('accepts where its server was never there', async () => {
      await server.kill()
      try {
        const options = { startDeadlineMs: 1_000, sweepMs: 100 }
        const web = await run('web', options)
        const { location } = await web.submit('/echo/a')
        expect((await web.status(location)).status).toBe('queued')
        await server.restart()
        await run('worker', options)
        expect((await web.finished(location)).status).toBe('succeeded')
      } finally {
        await server.restart()
      }
    })

    it('keeps nothing of jobs that are over, however they ended', async () => {
      const web = await run('web', { sweepMs: 100 })
      await run('worker')
      const round = async (count: number) => {
        const accepted = await Promise.all(
          Array.from({ length: count }, (_, at) => web.submit(['/echo/a', '/flaky', '/later', '/gate/never'][at % 4] ?? '')),
        )
        for (const { location } of accepted.filter((_, at) => at % 4 === 3)) await web.call(location, { method: 'DELETE' })
        for (const { location } of accepted) await web.finished(location)
        await emptied()
        return size(server.url, queue)
      }
      const once = await round(8)
      expect(await round(24)).toBe(once)
    })
  })
}

const BYTES = Uint8Array.from({ length: 100_000 }, (_, at) => (at * 7) % 251)
function form(): RequestInit {
  const body = new FormData()
  body.set('title', 'Grüße')
  body.set('file', new File([BYTES], 'rows.bin', { type: 'application/octet-stream' }))
  return { body }
}

function client(port: number) {
  const call = (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${port}${path}`, { redirect: 'manual', ...init })
  const status = async (location: string): Promise<StatusDocument> => (await call(location)).json()
  const submit = async (path: string, init: RequestInit = {}) => {
    const accepted = await call(path, { method: 'POST', ...init })
    if (accepted.status !== 202) throw new Error(`${path} answered ${accepted.status}: ${await accepted.text()}`)
    return { location: accepted.headers.get('location') ?? '' }
  }
  const finished = async (location: string): Promise<StatusDocument> => {
    for (;;) {
      const document: StatusDocument = await (await call(location, { headers: { prefer: 'wait=1' } })).json()
      if (document.status !== 'queued' && document.status !== 'running') return document
    }
  }
  return {
    ...{ call, status, submit, finished },
    /** Submits, follows the job to its end, and gets its result. */
    async whole(path: string, init: RequestInit = {}) {
      const { location } = await submit(path, init)
      return { location, status: await finished(location), result: await call(`${location}/result`) }
    },
  }
}
