/** Round trips between the process and its store, counted on the wire, for one request at a time. */
import { setTimeout as pause } from 'node:timers/promises'
import { request } from 'undici'
import { type CountingProxy, countingProxy } from '../../tests/counting-proxy.ts'
import type { Contender, Group } from '../harness/contenders.ts'
import { type Server, startServer } from '../harness/server.ts'
import type { Backend } from './backends.ts'

/** By contender: round trips of each operation, and the bytes of a poll. */
export interface TripsResult {
  readonly accept: number
  /** From the POST until the job is finished. */
  readonly acceptAndRun: number
  readonly pollUnfinished: number
  readonly pollFinished: number
  /** One report of progress by the handler; finishing with a result. Absent where there is no such thing, or it is not told apart. */
  readonly progress?: number
  readonly finish?: number
  /** Bytes of a poll, of a job without a result and of one with 10 MB. */
  readonly bytesWithout?: number
  readonly bytesWithLarge?: number
  /** Trips on the connections of the engine, from the POST until the job is finished; where it has its own. */
  readonly engine?: number
}

/** Each is counted several times, because a sweep or a worker that looks for work may fall into one: the lowest count is that of the request itself. */
const TIMES = 7
/** When a job has surely finished, and its worker waits for the next. */
const QUIET_MS = 150

async function countTrips(contender: Contender, backend: Backend): Promise<TripsResult> {
  const proxy = await countingProxy(backend.url)
  const engine = contender.kind === 'respond-async with an engine' ? await countingProxy(backend.url) : undefined
  const [, ...more] = contender.args
  const server = await startServer({ ...contender, args: [proxy.url, ...(engine ? [engine.url] : more)] })
  try {
    return await count(server, proxy, engine, contender.kind.startsWith('respond-async'))
  } finally {
    await server.stop()
    for (const one of [proxy, engine]) one?.close()
  }
}

async function count({ port }: Server, proxy: CountingProxy, engine: CountingProxy | undefined, ours: boolean): Promise<TripsResult> {
  const origin = `http://127.0.0.1:${port}`
  const post = async (path: string, body: object) => {
    const headers = { 'content-type': 'application/json' }
    const answer = await request(origin + path, { method: 'POST', headers, body: JSON.stringify(body) })
    await answer.body.dump()
    if (answer.statusCode !== 202) throw new Error(`POST ${path}: ${answer.statusCode}`)
    return String(answer.headers.location)
  }
  const get = async (path: string) => {
    const { statusCode, body } = await request(origin + path)
    await body.dump()
    return statusCode
  }
  const finished = async (path: string) => {
    while ((await get(path)) !== 200) await pause(20)
    return path
  }
  const least = async (work: () => Promise<unknown>, of = proxy): Promise<{ trips: number; bytes: number }> => {
    const counted = []
    for (let n = 0; n < TIMES; n++) {
      of.take()
      await work()
      counted.push(of.take())
    }
    const bytes = Math.min(...counted.map(({ sent, answered }) => sent + answered))
    return { trips: Math.min(...counted.map(({ trips }) => trips)), bytes }
  }
  const report = { month: '2026-10', rows: 1200, takesMs: 0 }
  const run = (path: string) => async () => {
    await post(path, report)
    await pause(QUIET_MS)
  }

  // What a connection or a server needs once, for each connection of the pool.
  for (let n = 0; n < 5; n++) await Promise.all(Array.from({ length: 20 }, async () => finished(await post('/reports', report))))
  const held: string[] = []
  const accept = await least(async () => held.push(await post('/holds', {})))
  await pause(QUIET_MS)
  const pollUnfinished = await least(() => get(held[0] as string))
  for (const path of held) await (await request(origin + path, { method: 'DELETE' })).body.dump()
  await pause(QUIET_MS)
  const acceptAndRun = await least(run('/reports'))
  const done = await finished(await post('/reports', report))
  const pollFinished = await least(() => get(done))
  const counted = {
    ...{ accept: accept.trips, acceptAndRun: acceptAndRun.trips },
    ...{ pollUnfinished: pollUnfinished.trips, pollFinished: pollFinished.trips },
  }
  if (!ours) return counted
  const stepped = await least(run('/steps'))
  const bytesOf = async (bytes: number) => {
    const path = await finished(await post('/files', { bytes }))
    return (await least(() => get(path))).bytes
  }
  return {
    ...counted,
    ...{ progress: stepped.trips - acceptAndRun.trips, finish: engine ? undefined : acceptAndRun.trips - accept.trips },
    ...{ bytesWithout: await bytesOf(0), bytesWithLarge: await bytesOf(10_000_000) },
    ...(engine && { engine: (await least(run('/reports'), engine)).trips }),
  }
}

export async function tripsOf(group: Group, report: (line: string) => void): Promise<Record<string, TripsResult>> {
  const all: Record<string, TripsResult> = {}
  for (const contender of group.contenders) {
    const counted = await countTrips(contender, contender.backend as Backend) // of these groups each has one
    all[contender.name] = counted
    report(`${contender.name}: ${JSON.stringify(counted)}`)
  }
  return all
}
