import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { measureMemory } from './figures/memory.ts'
import { measureSizes } from './figures/sizes.ts'
import { measureStartUp } from './figures/start-up.ts'
import { GROUPS } from './harness/contenders.ts'
import { measureGroup, scenariosNamed } from './harness/measure.ts'
import { pinning } from './harness/pinning.ts'
import { goalsTable, writeReport } from './report.ts'
import { type Results, readResults, writeResults } from './results.ts'

const USAGE = `node benchmarks/run.mjs [options]
  --suite <name>      routes (this one), stores or events; each of those has its own --help
  --framework <name>  only this one: ${GROUPS.map(({ name }) => name).join(', ')}; may be repeated
  --scenario <name>   only this one: ${scenariosNamed(undefined)
    .map(({ name }) => name)
    .join(', ')}; may be repeated
  --only <part>       cpu, memory, sizes, start-up, or report, which only rewrites the tables; may be repeated
  --rounds <n>        rounds; figures are kept from 7 on (default: 15)
  --requests <n>      requests to each contender in each round of a scenario (default: 2400)
  --quick             a quick look: 3 rounds, a short warm-up, half the submissions
  --dry               measures and prints, but changes no file`

const { values } = parseArgs({
  options: {
    suite: { type: 'string' },
    framework: { type: 'string', multiple: true },
    scenario: { type: 'string', multiple: true },
    only: { type: 'string', multiple: true },
    rounds: { type: 'string' },
    requests: { type: 'string', default: '2400' },
    quick: { type: 'boolean', default: false },
    dry: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(USAGE)
  process.exit()
}

const { quick } = values
const rounds = Number(values.rounds ?? (quick ? 3 : 15))
const requests = Number(values.requests)
const wants = (part: string) => values.only?.includes(part) ?? (values.framework === undefined || part === 'cpu')
const report = (line: string) => console.log(line)

const { version: workerd } = JSON.parse(readFileSync(createRequire(import.meta.url).resolve('workerd/package.json'), 'utf8'))
const machine = { node: process.versions.node, workerd, cpu: cpus()[0]?.model ?? 'unknown', cores: availableParallelism(), pinning }
const taken = { date: new Date().toISOString().slice(0, 10), environment: machine }
let results: Results = { ...taken, ...readResults() }

/** Written at once, so that a later failure does not lose what has been measured. */
function keep(part: Partial<Results>): void {
  results = { ...results, ...part }
  if (!values.dry) writeResults(results)
}

if (wants('sizes')) keep({ sizes: await measureSizes(report) })
if (wants('start-up')) keep({ startUp: measureStartUp(report) })
if (wants('memory')) keep({ memory: measureMemory(report, quick) })
if (wants('cpu')) {
  const scenarios = scenariosNamed(values.scenario)
  for (const group of GROUPS.filter(({ name }) => values.framework?.includes(name) ?? true)) {
    const measured = await measureGroup(group, { rounds, requests, warmUp: quick ? 3_000 : 16_000, scenarios, report })
    const merged = { title: measured.title, scenarios: { ...results.groups?.[group.name]?.scenarios, ...measured.scenarios } }
    keep({ ...taken, groups: { ...results.groups, [group.name]: merged } })
  }
}

console.log(`\n${goalsTable(results)}`)
if (!values.dry) for (const file of writeReport(results)) console.log(`written: ${file}`)
