import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { pinning } from '../harness/pinning.ts'
import { writeReport } from '../report.ts'
import { type Results, readResults } from '../results.ts'
import { EVENT_GROUPS, measureEvents } from './measure.ts'
import { countReads } from './reads.ts'
import { eventGoalsTable } from './report.ts'
import { type EventResults, readEventResults, writeEventResults } from './results.ts'

const USAGE = `node benchmarks/run.mjs --suite events [options]
  --framework <name>  only this one: ${EVENT_GROUPS.map(({ name }) => name).join(', ')}; may be repeated
  --only <part>       cpu, reads, or report, which only rewrites the tables; may be repeated
  --rounds <n>        rounds; figures are kept from 7 on (default: 11)
  --watchers <n>      watchers of one job (default: 1000)
  --quick             a quick look: 3 rounds
  --dry               measures and prints, but changes no file`

const { values } = parseArgs({
  options: {
    suite: { type: 'string' },
    framework: { type: 'string', multiple: true },
    only: { type: 'string', multiple: true },
    rounds: { type: 'string' },
    watchers: { type: 'string', default: '1000' },
    quick: { type: 'boolean', default: false },
    dry: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(USAGE)
  process.exit()
}

const rounds = Number(values.rounds ?? (values.quick ? 3 : 11))
const watchers = Number(values.watchers)
const wants = (part: string) => values.only?.includes(part) ?? true
const report = (line: string) => console.log(line)

const machine = { node: process.versions.node, cpu: cpus()[0]?.model ?? 'unknown', cores: availableParallelism(), pinning }
const taken = { date: new Date().toISOString().slice(0, 10), environment: { ...machine, rounds, watchers } }
let results: EventResults = { ...taken, ...readEventResults() }

/** Written at once, so that a later failure does not lose what has been measured. */
function keep(part: Partial<EventResults>): void {
  results = { ...results, ...part }
  if (!values.dry) writeEventResults(results)
}

if (wants('cpu'))
  for (const group of EVENT_GROUPS.filter(({ name }) => values.framework?.includes(name) ?? true)) {
    const measured = await measureEvents(group, { rounds, watchers, report })
    keep({ ...taken, groups: { ...results.groups, [group.name]: measured } })
  }
if (wants('reads'))
  for (const store of ['redis', 'postgres'] as const) keep({ reads: { ...results.reads, [store]: await countReads(store) } })

console.log(`\n${eventGoalsTable(results)}`)
if (!values.dry) for (const file of writeReport(readResults() as Results)) console.log(`written: ${file}`) // all suites are in one file
process.exit()
