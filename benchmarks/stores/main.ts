import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { measureGroup } from '../harness/measure.ts'
import { pinning } from '../harness/pinning.ts'
import { SCENARIOS, SIZE_SCENARIOS } from '../harness/scenarios.ts'
import { writeReport } from '../report.ts'
import { type Results, readResults } from '../results.ts'
import { openPostgres, openRedis } from './backends.ts'
import { STORE_GROUPS, withGroup } from './groups.ts'
import { CLIENTS, measureRaw } from './raw.ts'
import { storeGoalsTable } from './report.ts'
import { readStoreResults, type StoreResults, writeStoreResults } from './results.ts'
import { tripsOf } from './trips.ts'

const scenarios = SCENARIOS.filter(({ name }) => name !== 'poll-304')
const USAGE = `node benchmarks/run.mjs --suite stores [options]
  --store <name>      only this one: ${STORE_GROUPS.map(({ name }) => name).join(', ')}, and for raw sqlite; may be repeated
  --scenario <name>   only this one: ${scenarios.map(({ name }) => name).join(', ')}; may be repeated
  --only <part>       cpu, trips, sizes, raw, or report, which only rewrites the tables; may be repeated
  --rounds <n>        rounds; figures are kept from 7 on (default: 11)
  --requests <n>      requests to each contender in each round of a scenario (default: 400)
  --quick             a quick look: 3 rounds, a short warm-up
  --dry               measures and prints, but changes no file`

const { values } = parseArgs({
  options: {
    suite: { type: 'string' },
    store: { type: 'string', multiple: true },
    scenario: { type: 'string', multiple: true },
    only: { type: 'string', multiple: true },
    rounds: { type: 'string' },
    requests: { type: 'string', default: '400' },
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
const rounds = Number(values.rounds ?? (quick ? 3 : 11))
const requests = Number(values.requests)
const wants = (part: string) => values.only?.includes(part) ?? true
const report = (line: string) => console.log(line)
const groups = STORE_GROUPS.filter(({ name }) => values.store?.includes(name) ?? true)

const machine = { node: process.versions.node, cpu: cpus()[0]?.model ?? 'unknown', cores: availableParallelism(), pinning }
const versions = { redis: redisVersion(), postgres: await postgresVersion() }
const taken = { date: new Date().toISOString().slice(0, 10), environment: { ...machine, ...versions, rounds, requests } }
let results: StoreResults = { ...taken, ...readStoreResults() }

/** Written at once, so that a later failure does not lose what has been measured. */
function keep(part: Partial<StoreResults>): void {
  results = { ...results, ...part }
  if (!values.dry) writeStoreResults(results)
}

if (wants('trips'))
  for (const group of groups)
    keep({ trips: { ...results.trips, [group.name]: await withGroup(group, (opened) => tripsOf(opened, report)) } })
if (wants('cpu')) {
  const chosen = scenarios.filter(({ name }) => values.scenario?.includes(name) ?? true)
  for (const group of groups) {
    const plan = { rounds, requests, warmUp: quick ? 1_000 : 4_000, scenarios: chosen, report }
    const measured = await withGroup(group, (opened) => measureGroup(opened, plan))
    const merged = { title: measured.title, scenarios: { ...results.groups?.[group.name]?.scenarios, ...measured.scenarios } }
    keep({ ...taken, groups: { ...results.groups, [group.name]: merged } })
  }
}
if (wants('sizes'))
  for (const group of groups) {
    const plan = { rounds, requests, warmUp: quick ? 1_000 : 4_000, scenarios: SIZE_SCENARIOS, report }
    const measured = await withGroup(group, ({ contenders, ...opened }) =>
      measureGroup({ ...opened, contenders: contenders.filter(({ kind }) => kind === 'respond-async') }, plan),
    )
    keep({ sizes: { ...results.sizes, [group.name]: measured } })
  }
if (wants('raw'))
  for (const client of CLIENTS) {
    if (values.store && !values.store.includes({ ioredis: 'redis', pg: 'postgres', 'node:sqlite': 'sqlite' }[client])) continue
    const backend = client === 'ioredis' ? await openRedis() : client === 'pg' ? await openPostgres() : openFile()
    const measured = await measureRaw(client, backend, { rounds, calls: 500, report })
    await backend.stop()
    keep({ raw: { ...results.raw, ...measured } })
  }

console.log(`\n${storeGoalsTable(results)}`)
if (!values.dry) for (const file of writeReport(readResults() as Results)) console.log(`written: ${file}`) // both suites are in one file
process.exit()

function openFile() {
  const folder = mkdtempSync(join(tmpdir(), 'benchmark-sqlite-'))
  return { url: join(folder, 'jobs.db'), stop: async () => rmSync(folder, { recursive: true }) }
}

function redisVersion(): string {
  const { stdout } = spawnSync('redis-server', ['--version'], { encoding: 'utf8' })
  return `Redis ${/v=(\S+)/.exec(stdout)?.[1] ?? 'unknown'}`
}

async function postgresVersion(): Promise<string> {
  const backend = await openPostgres()
  const client = new pg.Client(backend.url)
  await client.connect()
  const { rows } = await client.query('SHOW server_version')
  await client.end()
  await backend.stop()
  return `Postgres ${rows[0].server_version}`
}
