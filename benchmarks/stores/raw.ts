/**
 * A store against its bare client: the client sends the same statements with prepared values and ignores the answers, which is the
 * fastest that any store could be. Runs in a process of its own, on the core of the server.
 */
import { fork, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { pinned } from '../harness/pinning.ts'
import { told } from '../harness/server.ts'
import { type Summary, summarize } from '../harness/statistics.ts'
import type { RawOrder, RawSample, Way } from './raw-process.ts'

export const CLIENTS = ['ioredis', 'pg', 'node:sqlite'] as const
export type Client = (typeof CLIENTS)[number]
export const CALLS = ['insert', 'get', 'claim', 'replace'] as const
export const IN_FLIGHT = [1, 50] as const

interface RawFigures {
  /** Operations per second of the store over those of the client, round by round; and over those of the client with JSON. */
  readonly throughput: Summary
  readonly throughputOfJson: Summary
  /** CPU of the process, in microseconds for one operation. */
  readonly raw: Summary
  readonly json: Summary
  readonly store: Summary
  /** CPU of the server, of the same. */
  readonly rawServer?: Summary
  readonly storeServer?: Summary
}
/** By client, call and calls in flight: `ioredis insert 50`. */
export type RawResult = Readonly<Record<string, RawFigures>>
export const rawKey = (client: Client, call: string, inFlight: number) => `${client} ${call} ${inFlight}`

export async function measureRaw(
  client: Client,
  backend: { readonly url: string; cpuMs?(): number },
  { rounds, calls, report }: { readonly rounds: number; readonly calls: number; report(line: string): void },
): Promise<RawResult> {
  const child = fork(fileURLToPath(new URL('raw-process.ts', import.meta.url)), [client, backend.url])
  const [command, , core] = pinned('server', [])
  if (command && core) spawnSync(command, ['-a', '-p', '-c', core, `${child.pid}`])
  child.on('message', (message) => {
    if (message === 'server') child.send({ server: backend.cpuMs?.() ?? 0 })
  })
  const samples = new Map<string, RawSample[]>()
  try {
    await told(child) // ready
    for (let round = -1; round < rounds; round++) {
      for (const inFlight of IN_FLIGHT) {
        const ways: readonly Way[] = round % 2 === 0 ? ['raw', 'json', 'store'] : ['store', 'json', 'raw']
        for (const way of ways) {
          const order: RawOrder = { way, inFlight, calls: inFlight === 1 ? calls : calls * 4 }
          child.send(order)
          const taken = await answered(child)
          if (round < 0) continue // warm-up
          for (const [call, sample] of Object.entries(taken)) {
            const key = `${call} ${inFlight} ${way}`
            samples.set(key, [...(samples.get(key) ?? []), sample])
          }
        }
      }
      if (round >= 0) report(`${client} ${round + 1}/${rounds}`)
    }
  } finally {
    child.kill()
  }
  return Object.fromEntries(
    CALLS.flatMap((call) =>
      IN_FLIGHT.map((inFlight): [string, RawFigures] => {
        const [raw = [], json = [], store = []] = ['raw', 'json', 'store'].map((way) => samples.get(`${call} ${inFlight} ${way}`))
        const of = (list: RawSample[], figure: keyof RawSample) => summarize(list.map((one) => one[figure]))
        return [
          rawKey(client, call, inFlight),
          {
            throughput: summarize(raw.map((one, round) => one.seconds / (store[round]?.seconds ?? Number.NaN))),
            throughputOfJson: summarize(json.map((one, round) => one.seconds / (store[round]?.seconds ?? Number.NaN))),
            ...{ raw: of(raw, 'cpuUs'), json: of(json, 'cpuUs'), store: of(store, 'cpuUs') },
            ...(backend.cpuMs && { rawServer: of(raw, 'serverUs'), storeServer: of(store, 'serverUs') }),
          },
        ]
      }),
    ),
  )
}

async function answered(child: Parameters<typeof told>[0]): Promise<Record<string, RawSample>> {
  for (;;) {
    const message = await told<Record<string, RawSample> | 'server'>(child)
    if (message !== 'server') return message
  }
}
