/** The results as Markdown: whole in RESULTS.md, and the short table between the markers of the repository's README.md, if it has them. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { eventsSection } from './events/report.ts'
import { GOALS } from './goals.ts'
import { GROUPS } from './harness/contenders.ts'
import type { GroupResult } from './harness/measure.ts'
import { SCENARIOS } from './harness/scenarios.ts'
import { errorOf, type Summary } from './harness/statistics.ts'
import { number, type Row, table, withSpread } from './markdown.ts'
import type { Results } from './results.ts'
import { storesSection, storesTable } from './stores/report.ts'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

function cpuRows(group: GroupResult): Row[] {
  const shown = SCENARIOS.map(({ name }) => group.scenarios[name])
  const names = Object.keys(shown.find((one) => one)?.contenders ?? {})
  const rows = names.map((name): Row => [`${group.title}, ${name}`, ...shown.map((one) => cell(one?.contenders[name]?.cpuMs))])
  if (shown.some((one) => one?.ratio))
    rows.push(['**respond-async / hand-written**', ...shown.map((one) => (one?.ratio ? `**${withSpread(one.ratio)}**` : ''))])
  return rows
}
const cell = (summary: Summary | undefined) => (summary ? withSpread(summary) : '')

const groupsOf = ({ groups = {} }: Results) => GROUPS.flatMap(({ name }) => groups[name] ?? [])

const cpuTable = (results: Results): string =>
  table(['server CPU, ms per 1,000', ...SCENARIOS.map(({ title }) => title)], groupsOf(results).flatMap(cpuRows))

/** Figures that follow the machine and the load more than the server. */
const sideTable = (results: Results): string =>
  table(
    ['requests per second; latency of a step, median / 99th, ms', ...SCENARIOS.map(({ title }) => title)],
    groupsOf(results).flatMap((group) => {
      const shown = SCENARIOS.map(({ name }) => group.scenarios[name]?.contenders)
      const names = Object.keys(shown.find((one) => one) ?? {})
      return names.map((name): Row => {
        const cells = shown.map((contenders) => {
          const figures = contenders?.[name]
          return figures
            ? `${Math.round(figures.requestsPerSecond.median)}; ${number(figures.p50.median)} / ${number(figures.p99.median)}`
            : ''
        })
        return [`${group.title}, ${name}`, ...cells]
      })
    }),
  )

export const goalsTable = (results: Results): string =>
  table(
    ['goal', 'at most', 'measured', 'verdict'],
    GOALS.map(({ figure, atMost, unit, measured }): Row => {
      const value = measured(results)
      if (value === undefined) return [figure, `${atMost} ${unit}`, '', 'not measured']
      const [middle, error] = typeof value === 'number' ? [value, 0] : [value.median, errorOf(value)]
      const verdict = middle + error <= atMost ? 'met' : middle - error > atMost ? '**not met**' : 'open'
      return [figure, `${atMost} ${unit}`, error > 0 ? `${number(middle)} ± ${number(error)}` : number(middle), verdict]
    }),
  )

const memoryTable = ({ memory }: Results): string =>
  memory === undefined
    ? ''
    : `${table(
        [`bytes of heap for each of ${memory.jobs.toLocaleString('en')} finished jobs`, 'with its result', 'besides it'],
        [
          ['hand-written, a Map', memory.perJob['hand-written'] ?? '', ''],
          ['respond-async, memoryStore()', memory.perJob['respond-async'] ?? '', memory.besidesBodies],
        ],
      )}\n\nHeap while a million jobs are submitted against the default limits, at every 200,000: ${memory.million.join(', ')} MB.`

const sizesTable = ({ sizes }: Results): string =>
  sizes === undefined
    ? ''
    : table(
        ['minified and gzipped', 'kB'],
        Object.entries(sizes).map(([name, kB]) => [name, kB.toFixed(2)]),
      )

function span(numbers: readonly number[]): string {
  const ends = new Set([Math.min(...numbers), Math.max(...numbers)])
  return [...ends].map((end) => end.toLocaleString('en')).join(' to ')
}

function setting(results: Results): string {
  const { environment, date } = results
  const { cpu, cores, node, workerd, pinning } = environment
  const scenarios = groupsOf(results).flatMap((group) => Object.values(group.scenarios))
  const rounds = scenarios.flatMap(({ contenders }) => Object.values(contenders).map(({ cpuMs }) => cpuMs.values.length))
  const requests = scenarios.map((scenario) => scenario.requests)
  return `Measured on ${date}: ${cpu}, ${cores} cores, Node ${node}, workerd ${workerd}; ${pinning}; medians of ${span(rounds)} interleaved rounds of ${span(requests)} requests ± the median deviation from it.`
}

function whole(results: Results): string {
  const { startUp } = results
  return `# Results

Written by \`node benchmarks/run.mjs\`. How to read it: [README.md](README.md).

${setting(results)}

## Goals

${goalsTable(results)}

Behind ± is the error of the median; a goal that lies within it is open, and wants more rounds or a quieter machine.

## CPU

For the whole cycle it is 1,000 cycles of four requests: the POST, a poll while the job runs, one when it is done, the result.

${cpuTable(results)}

## Memory

${memoryTable(results)}

## Sizes

${sizesTable(results)}

## Start

Importing core: ${startUp ? `${withSpread(startUp.coreMs)} ms CPU beyond importing an empty module.` : ''}

## Side figures

They follow the machine and the load; the load has one core, so they say little about the server.

${sideTable(results)}
${storesSection()}${eventsSection()}`
}

/** The short form: CPU ratios and what else has a goal. */
const short = (results: Results): string => `${cpuTable(results)}

${setting(results)} [All figures and how to read them](benchmarks/README.md).`

/** Writes RESULTS.md, and what README.md shows of it where it has the markers for it. */
export function writeReport(results: Results): string[] {
  writeFileSync(at('RESULTS.md'), whole(results))
  const written = ['benchmarks/RESULTS.md']
  const readme = at('../README.md')
  const before = existsSync(readme) ? readFileSync(readme, 'utf8') : ''
  const after = between('benchmarks:stores', between('benchmarks', before, short(results)), storesTable())
  if (after !== before) {
    writeFileSync(readme, after)
    written.push('README.md')
  }
  return written
}

/** The text with `content` between its two markers, if it has them. */
function between(marker: string, text: string, content: string): string {
  const from = text.indexOf(`<!-- ${marker} -->`)
  const to = text.indexOf(`<!-- /${marker} -->`)
  return from < 0 || to < from || content === '' ? text : `${text.slice(0, text.indexOf('>', from) + 1)}\n${content}\n${text.slice(to)}`
}
