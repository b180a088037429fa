/** Rounds over the contenders of one framework: each scenario by each contender in turn, before the next scenario. */
import type { Contender, Group, Kind } from './contenders.ts'
import { type Generator, startGenerator } from './generator.ts'
import { SCENARIOS, type Scenario } from './scenarios.ts'
import { type Server, startServer } from './server.ts'
import { type Summary, summarize } from './statistics.ts'

interface Sample {
  /** Of the server process, in milliseconds for 1,000 requests; for the whole cycle, 1,000 cycles of four requests. */
  readonly cpuMs: number
  /** The same of the server that its jobs are kept in, where there is one; `NaN` elsewhere. */
  readonly storeCpuMs: number
  readonly requestsPerSecond: number
  readonly p50: number
  readonly p99: number
  /** Requests beyond those that every contender needs, for 1,000 that it needs. Above a few the figures cannot be compared. */
  readonly extra: number
}
type Figures = { readonly [figure in Exclude<keyof Sample, 'storeCpuMs'>]: Summary } & { readonly storeCpuMs?: Summary }
interface ScenarioResult {
  /** Of each sample. */
  readonly requests: number
  readonly contenders: Readonly<Record<string, Figures>>
  /** CPU of respond-async over CPU of the hand-written routes, round by round. */
  readonly ratio?: Summary
  /** The same of the servers that they keep their jobs in. */
  readonly storeRatio?: Summary
}
export interface GroupResult {
  readonly title: string
  readonly scenarios: Readonly<Record<string, ScenarioResult>>
}

export interface Plan {
  readonly rounds: number
  /** Requests of one sample, and of the warm-up before the first round for each scenario. */
  readonly requests: number
  readonly warmUp: number
  readonly scenarios: readonly Scenario[]
  report(line: string): void
}

const stepsFor = ({ requests }: Scenario, wanted: number) => Math.ceil(wanted / requests)

export async function measureGroup(group: Group, plan: Plan): Promise<GroupResult> {
  const generator = startGenerator()
  const servers = new Map<Contender, Server>()
  const samples = new Map<string, Sample[]>()
  const key = (scenario: Scenario, contender: Contender) => `${scenario.name} ${contender.name}`
  try {
    for (const contender of group.contenders) servers.set(contender, await startServer(contender))
    for (const scenario of plan.scenarios)
      for (const [{ backend }, server] of servers)
        await sample(generator, server, scenario, stepsFor(scenario, plan.warmUp / scenario.requests), backend)
    for (let round = 0; round < plan.rounds; round++) {
      for (const scenario of plan.scenarios) {
        const line: string[] = []
        for (const contender of rotated(group.contenders, round)) {
          const server = servers.get(contender) as Server // all were started
          const taken = await sample(generator, server, scenario, stepsFor(scenario, plan.requests), contender.backend)
          samples.set(key(scenario, contender), [...(samples.get(key(scenario, contender)) ?? []), taken])
          line.push(`${contender.name} ${taken.cpuMs.toFixed(1)}`)
        }
        plan.report(`${group.name} ${round + 1}/${plan.rounds} ${scenario.name.padEnd(16)} ${line.sort().join('   ')}`)
      }
    }
  } finally {
    generator.stop()
    for (const server of servers.values()) await server.stop()
  }
  const of = (scenario: Scenario, contender: Contender) => samples.get(key(scenario, contender)) ?? []
  const valuesOf = (scenario: Scenario, kind: Kind, figure: 'cpuMs' | 'storeCpuMs') =>
    group.contenders.filter((one) => one.kind === kind).flatMap((one) => of(scenario, one).map((taken) => taken[figure]))
  const ratioOf = (scenario: Scenario, figure: 'cpuMs' | 'storeCpuMs') => {
    const byHand = valuesOf(scenario, 'hand-written', figure)
    const ratios = valuesOf(scenario, 'respond-async', figure).map((ours, round) => ours / (byHand[round] ?? Number.NaN))
    return ratios.length > 0 && ratios.every(Number.isFinite) ? summarize(ratios) : undefined
  }
  const scenarios = plan.scenarios.map((scenario): [string, ScenarioResult] => {
    const contenders = Object.fromEntries(group.contenders.map((contender) => [contender.name, figures(of(scenario, contender))]))
    return [
      scenario.name,
      { requests: plan.requests, contenders, ratio: ratioOf(scenario, 'cpuMs'), storeRatio: ratioOf(scenario, 'storeCpuMs') },
    ]
  })
  return { title: group.title, scenarios: Object.fromEntries(scenarios) }
}

/** Another one is first in every round: whoever comes first pays for the others' rest. */
const rotated = <T>(list: readonly T[], by: number): T[] => list.map((_, index) => list[(index + by) % list.length] as T)

/** How long accepted jobs may take to finish before the run is given up. */
const SETTLED_WITHIN_MS = 60_000

async function sample(
  generator: Generator,
  server: Server,
  scenario: Scenario,
  steps: number,
  backend?: Contender['backend'],
): Promise<Sample> {
  let cpuMs = 0
  let storeCpuMs = backend ? 0 : Number.NaN
  let built = 0
  // A queue may lag behind what it has accepted; that work counts in the same sample.
  const settled = async () => {
    for (const end = Date.now() + SETTLED_WITHIN_MS; ((await server.built?.()) ?? 0) < built + steps; ) {
      if (Date.now() > end) throw new Error(`Of ${steps} jobs that were accepted some have not run after ${SETTLED_WITHIN_MS} ms`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  const around = async (when: 'before' | 'after') => {
    if (when === 'before' && backend) built = (await server.built?.()) ?? 0
    cpuMs = (await server.cpuMs()) - (when === 'after' ? cpuMs : 0)
    if (backend) storeCpuMs = backend.cpuMs() - (when === 'after' ? storeCpuMs : 0)
  }
  const order = { port: server.port, scenario: scenario.name, steps, awake: backend === undefined }
  const { seconds, latency, extra } = await generator.run(order, around, backend && scenario.name === 'accept' ? settled : undefined)
  const requests = steps * scenario.requests
  return {
    cpuMs: (cpuMs / steps) * 1000,
    storeCpuMs: (storeCpuMs / steps) * 1000,
    requestsPerSecond: requests / seconds,
    ...latency,
    extra: (extra / requests) * 1000,
  }
}

const figures = (samples: readonly Sample[]): Figures => ({
  cpuMs: summarize(samples.map((one) => one.cpuMs)),
  ...(samples.some((one) => Number.isFinite(one.storeCpuMs)) && { storeCpuMs: summarize(samples.map((one) => one.storeCpuMs)) }),
  requestsPerSecond: summarize(samples.map((one) => one.requestsPerSecond)),
  p50: summarize(samples.map((one) => one.p50)),
  p99: summarize(samples.map((one) => one.p99)),
  extra: summarize(samples.map((one) => one.extra)),
})

export const scenariosNamed = (names: readonly string[] | undefined): readonly Scenario[] =>
  names ? SCENARIOS.filter(({ name }) => names.includes(name)) : SCENARIOS
