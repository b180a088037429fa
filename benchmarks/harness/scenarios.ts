/** What is measured. One round of a scenario is a number of requests against one server, each answer checked by its status. */
import type { Dispatcher } from 'undici'

export interface Scenario {
  readonly name: string
  readonly title: string
  /** Requests that one step of it makes. */
  readonly requests: number
  /** Steps that are under way at once. */
  readonly parallel: number
  /** Creates what the steps need, before the measured time. */
  prepare(server: Dispatcher): Promise<Prepared>
}

interface Prepared {
  /** Resolves to how many requests it needed beyond those that every contender needs. */
  step(index: number): Promise<number>
  /** Cleans up afterwards. */
  clean?(): Promise<void>
}

const JSON_TYPE = { 'content-type': 'application/json' }
const body = (takesMs: number) => JSON.stringify({ month: '2026-10', rows: 1200, takesMs })
const AT_ONCE = body(0)
/** Long enough for a poll to see it running, and well below {@link PAUSE_MS}. */
const A_WHILE = body(5)
const PAUSE_MS = 30
/** How many jobs are polled in turn. */
const POLLED = 40
/** Fewer, because each takes a slot of the engine while it is unfinished. */
const HELD = 2

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

async function ask(server: Dispatcher, expected: number | null, options: Omit<Dispatcher.RequestOptions, 'method'> & { method?: string }) {
  const { method = 'GET', ...rest } = options
  const { statusCode, headers, body } = await server.request({ ...rest, method: method as Dispatcher.HttpMethod })
  if (statusCode === expected || expected === null) {
    await body.dump()
    return { statusCode, headers }
  }
  throw new Error(`${method} ${options.path}: ${statusCode} instead of ${expected}: ${(await body.text()).slice(0, 200)}`)
}

async function submit(server: Dispatcher, path: string, json: string): Promise<string> {
  const { headers } = await ask(server, 202, { method: 'POST', path, headers: JSON_TYPE, body: json })
  return String(headers.location)
}

async function isRunning(server: Dispatcher, path: string): Promise<boolean> {
  const { body } = await server.request({ method: 'GET', path })
  const { status } = (await body.json()) as { status: string } // a status document
  return status === 'running'
}

/** Jobs that have finished, and the ETag of each. */
async function finishedJobs(server: Dispatcher): Promise<{ path: string; etag: string }[]> {
  const jobs: { path: string; etag: string }[] = []
  const paths: string[] = []
  while (paths.length < POLLED) paths.push(await submit(server, '/reports', AT_ONCE))
  for (const path of paths) {
    for (let answer = await ask(server, null, { path }); ; answer = await ask(server, null, { path })) {
      if (answer.statusCode === 200) {
        jobs.push({ path, etag: String(answer.headers.etag) })
        break
      }
      await pause(2)
    }
  }
  return jobs
}

const at = <T>(list: readonly T[], index: number): T => list[index % list.length] as T

const EMPTY = 0
const LARGE = 10_000_000

/** Polls of one finished job whose result has that many bytes. Jobs of both sizes are created, so that the process has done the same work before. */
const pollOfSize = (name: string, title: string, bytes: number): Scenario => ({
  ...{ name, title, requests: 1, parallel: 16 },
  async prepare(server) {
    const paths = new Map<number, string>()
    for (const size of [EMPTY, LARGE]) paths.set(size, await submit(server, '/files', JSON.stringify({ bytes: size })))
    for (const path of paths.values()) while ((await ask(server, null, { path })).statusCode !== 200) await pause(20)
    const path = paths.get(bytes) ?? ''
    return {
      async step() {
        await ask(server, 200, { path })
        return 0
      },
      async clean() {
        for (const each of paths.values()) await ask(server, null, { method: 'DELETE', path: each })
      },
    }
  },
})
export const SIZE_SCENARIOS: readonly Scenario[] = [
  pollOfSize('poll-empty', 'poll, no result', EMPTY),
  pollOfSize('poll-large', 'poll, 10 MB', LARGE),
]

export const SCENARIOS: readonly Scenario[] = [
  {
    // Fewer at once than the default engine has slots: this measures accepting and running, not waiting in a queue.
    ...{ name: 'accept', title: 'accept', requests: 1, parallel: 8 },
    async prepare(server) {
      return {
        async step() {
          await submit(server, '/reports', AT_ONCE)
          return 0
        },
      }
    },
  },
  {
    ...{ name: 'poll-unfinished', title: 'poll, unfinished', requests: 1, parallel: 16 },
    async prepare(server) {
      const paths: string[] = []
      while (paths.length < HELD) paths.push(await submit(server, '/holds', AT_ONCE))
      for (const path of paths) while (!(await isRunning(server, path))) await pause(5)
      return {
        async step(index) {
          await ask(server, 202, { path: at(paths, index) })
          return 0
        },
        async clean() {
          for (const path of paths) await ask(server, null, { method: 'DELETE', path })
        },
      }
    },
  },
  {
    ...{ name: 'poll-finished', title: 'poll, finished', requests: 1, parallel: 16 },
    async prepare(server) {
      const jobs = await finishedJobs(server)
      return {
        async step(index) {
          await ask(server, 200, { path: at(jobs, index).path })
          return 0
        },
      }
    },
  },
  {
    ...{ name: 'poll-304', title: 'poll, 304', requests: 1, parallel: 16 },
    async prepare(server) {
      const jobs = await finishedJobs(server)
      return {
        async step(index) {
          const { path, etag } = at(jobs, index)
          await ask(server, 304, { path, headers: { 'if-none-match': etag } })
          return 0
        },
      }
    },
  },
  {
    // A poll while it runs, one when it is done, and the result: the same four requests whoever answers them.
    ...{ name: 'cycle', title: 'whole cycle', requests: 4, parallel: 8 },
    async prepare(server) {
      return {
        async step() {
          const path = await submit(server, '/reports', A_WHILE)
          await ask(server, null, { path })
          let more = -1
          do {
            await pause(PAUSE_MS)
            more++
          } while ((await ask(server, null, { path })).statusCode !== 200)
          await ask(server, 200, { path: `${path}/result` })
          return more
        },
      }
    },
  },
]
