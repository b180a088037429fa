/** Rounds over the contenders of one framework: one job, all its watchers, a hundred steps. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { request } from 'undici'
import { pinned } from '../harness/pinning.ts'
import { type Server, startServer, told } from '../harness/server.ts'
import { summarize } from '../harness/statistics.ts'
import type { WatchMessage, WatchOrder, WatchResult } from './load.ts'
import type { EventFigures, EventGroupResult } from './results.ts'

export const EVENT_GROUPS = [
  { name: 'express', title: 'Express 5' },
  { name: 'hono', title: 'Hono on Node' },
] as const
const CONTENDERS = [
  ['broadcaster by hand', 'broadcaster'],
  ['respond-async', 'respond-async'],
] as const

const post = async (port: number, path: string) => {
  const { statusCode, headers, body } = await request(`http://127.0.0.1:${port}${path}`, { method: 'POST' })
  await body.dump()
  if (statusCode >= 300) throw new Error(`POST ${path}: ${statusCode}`)
  return String(headers.location)
}

export const startEventServer = (framework: string, kind: string, args: readonly string[] = []): Promise<Server> =>
  startServer({ name: kind, kind: 'respond-async', runtime: 'node', file: `events/${framework}-${kind}.ts`, args }, ['--expose-gc'])

export function startWatchers(): ChildProcess {
  const [command = '', ...args] = pinned('load', [process.execPath, fileURLToPath(new URL('./load.ts', import.meta.url))])
  return spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
}

/**
 * One job with `watchers` clients that follow it from start to end.
 *
 * @param from where the job is made and let go, if that is another process than the one that is watched
 * @param watching called when all of them watch and nothing has happened yet
 */
export async function watchOnce(
  load: ChildProcess,
  port: number,
  watchers: number,
  watching: () => unknown,
  from = port,
): Promise<WatchResult> {
  const path = `${await post(from, '/watched')}/events`
  const say = async (order: WatchOrder): Promise<void> => {
    const opened = told<WatchMessage>(load)
    load.send(order)
    await opened
  }
  await say({ port, path, watchers })
  await watching()
  const ended = told<WatchMessage>(load)
  await post(from, '/begin')
  const result = await ended
  if (result.kind !== 'done' || result.finished !== watchers) throw new Error(`Not all of ${watchers} watchers got the last event`)
  return result
}

export interface EventPlan {
  readonly rounds: number
  readonly watchers: number
  report(line: string): void
}

interface Sample {
  readonly cpuUs: number
  readonly lagP50: number
  readonly lagP99: number
  readonly watcherBytes: number
}

async function sample(load: ChildProcess, server: Server, watchers: number): Promise<Sample> {
  const empty = await memoryOf(server)
  let full = 0
  let cpuMs = 0
  const { delivered, lag } = await watchOnce(load, server.port, watchers, async () => {
    full = await memoryOf(server)
    cpuMs = await server.cpuMs()
  })
  const used = (await server.cpuMs()) - cpuMs
  return { cpuUs: (1_000 * used) / (delivered - watchers), lagP50: lag.p50, lagP99: lag.p99, watcherBytes: (full - empty) / watchers }
}

const memoryOf = async (server: Server): Promise<number> => (await server.memoryBytes?.()) ?? Number.NaN

export async function measureEvents(
  { name, title }: (typeof EVENT_GROUPS)[number],
  { rounds, watchers, report }: EventPlan,
): Promise<EventGroupResult> {
  const load = startWatchers()
  const servers: [string, Server, Sample[]][] = []
  try {
    for (const [contender, kind] of CONTENDERS) servers.push([contender, await startEventServer(name, kind), []])
    for (const [, server] of servers) await sample(load, server, watchers) // to warm up
    for (let round = 0; round < rounds; round++) {
      for (const [, server, samples] of round % 2 ? servers.toReversed() : servers) samples.push(await sample(load, server, watchers))
      const shown = servers.map(([contender, , samples]) => `${contender} ${samples.at(-1)?.cpuUs.toFixed(2)}`)
      report(`${name} ${round + 1}/${rounds} µs an event: ${shown.join('   ')}`)
    }
  } finally {
    load.kill()
    for (const [, server] of servers) await server.stop()
  }
  const figures = (samples: readonly Sample[]): EventFigures => ({
    cpuUs: summarize(samples.map(({ cpuUs }) => cpuUs)),
    lagP50: summarize(samples.map(({ lagP50 }) => lagP50)),
    lagP99: summarize(samples.map(({ lagP99 }) => lagP99)),
    watcherBytes: summarize(samples.map(({ watcherBytes }) => watcherBytes)),
  })
  const [byHand, ours] = servers.map(([, , samples]) => samples)
  const ratio = summarize((ours ?? []).map(({ cpuUs }, round) => cpuUs / (byHand?.[round]?.cpuUs ?? Number.NaN)))
  return { title, contenders: Object.fromEntries(servers.map(([contender, , samples]) => [contender, figures(samples)])), ratio }
}
