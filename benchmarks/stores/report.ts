/** The results of the stores as Markdown: a part of RESULTS.md, and the short table of README.md. */
import type { GroupResult } from '../harness/measure.ts'
import { SCENARIOS } from '../harness/scenarios.ts'
import { errorOf, type Summary } from '../harness/statistics.ts'
import { number, type Row, table, withError, withSpread } from '../markdown.ts'
import { STORE_GOALS } from './goals.ts'
import { STORE_GROUPS } from './groups.ts'
import { CALLS, CLIENTS, IN_FLIGHT, type RawResult, rawKey } from './raw.ts'
import { readStoreResults, type StoreResults } from './results.ts'
import type { TripsResult } from './trips.ts'

const shown = SCENARIOS.filter(({ name }) => name !== 'poll-304')
const cell = (summary: Summary | undefined) => (summary ? withSpread(summary) : '')

export const storeGoalsTable = (results: StoreResults): string =>
  table(
    ['goal', '', 'measured', 'verdict'],
    STORE_GOALS.map(({ figure, unit, atMost, atLeast, measured }): Row => {
      const value = measured(results)
      const goal = atMost === undefined ? `at least ${atLeast} ${unit}` : `at most ${atMost} ${unit}`
      if (value === undefined) return [figure, goal, '', 'not measured']
      const [middle, error] = typeof value === 'number' ? [value, 0] : [value.median, errorOf(value)]
      // Of what is to be at least so much, the same the other way round.
      const over = atMost === undefined ? (atLeast ?? 0) - middle : middle - atMost
      const verdict = over + error <= 0 ? 'met' : over - error > 0 ? '**not met**' : 'open'
      return [figure, goal, error > 0 ? `${number(middle)} ± ${number(error)}` : number(middle), verdict]
    }),
  )

/** Process and store, contender by contender. */
function cpuRows({ title, scenarios }: GroupResult): Row[] {
  const results = shown.map(({ name }) => scenarios[name])
  const names = Object.keys(results.find((one) => one)?.contenders ?? {})
  const rows = names.flatMap((name): Row[] => [
    [`${title}, ${name}`, ...results.map((one) => cell(one?.contenders[name]?.cpuMs))],
    ['… in the store', ...results.map((one) => cell(one?.contenders[name]?.storeCpuMs))],
  ])
  return [
    ...rows,
    ['**respond-async / hand-written, process**', ...results.map((one) => `**${cell(one?.ratio)}**`)],
    ['**respond-async / hand-written, store**', ...results.map((one) => `**${cell(one?.storeRatio)}**`)],
  ]
}
const groupsOf = (groups: StoreResults['groups'] = {}) => STORE_GROUPS.flatMap(({ name }) => groups[name] ?? [])

const cpuTable = ({ groups }: Partial<StoreResults>): string =>
  table(['CPU, ms per 1,000', ...shown.map(({ title }) => title)], groupsOf(groups).flatMap(cpuRows))

const TRIPS: readonly (readonly [keyof TripsResult, string])[] = [
  ['accept', 'accept'],
  ['pollUnfinished', 'poll, unfinished'],
  ['pollFinished', 'poll, finished'],
  ['progress', 'progress'],
  ['finish', 'finish'],
  ['acceptAndRun', 'accept and run'],
  ['engine', 'engine, accept and run'],
  ['bytesWithout', 'bytes of a poll, no result'],
  ['bytesWithLarge', 'bytes of a poll, 10 MB'],
]
const tripsTable = ({ trips = {} }: Partial<StoreResults>): string =>
  table(
    ['round trips to the store', ...TRIPS.map(([, title]) => title)],
    STORE_GROUPS.flatMap(({ name, title }) =>
      Object.entries(trips[name] ?? {}).map(
        ([contender, counted]): Row => [`${title}, ${contender}`, ...TRIPS.map(([what]) => counted[what] ?? '')],
      ),
    ),
  )

const rawTable = ({ raw = {} }: { readonly raw?: RawResult }): string =>
  table(
    [
      'CPU, µs; in the server behind the semicolon',
      'client',
      'client and JSON',
      'store',
      'throughput, store / client',
      '… / client and JSON',
    ],
    CLIENTS.flatMap((client) =>
      CALLS.flatMap((call) =>
        IN_FLIGHT.flatMap((inFlight): Row[] => {
          const figures = raw[rawKey(client, call, inFlight)]
          if (!figures) return []
          const server = (summary: Summary | undefined) => (summary ? `; ${number(summary.median)}` : '')
          return [
            [
              `${client}, ${call}, ${inFlight} in flight`,
              `${number(figures.raw.median)}${server(figures.rawServer)}`,
              number(figures.json.median),
              `${number(figures.store.median)}${server(figures.storeServer)}`,
              withError(figures.throughput),
              withError(figures.throughputOfJson),
            ],
          ]
        }),
      ),
    ),
  )

function sizesLine({ sizes = {} }: Partial<StoreResults>): string {
  const parts = STORE_GROUPS.flatMap(({ name, title }) => {
    const [without, large] = ['poll-empty', 'poll-large'].map((scenario) => {
      const [figures] = Object.values(sizes[name]?.scenarios[scenario]?.contenders ?? {})
      return figures && `${withSpread(figures.cpuMs)} in the process and ${cell(figures.storeCpuMs)} in the store`
    })
    return without && large ? [`- ${title}: ${without} without a result, ${large} with one of 10 MB.`] : []
  })
  return parts.join('\n')
}

function setting({ environment, date }: StoreResults): string {
  const { cpu, cores, node, redis, postgres, pinning, rounds, requests } = environment
  return `Measured on ${date}: ${cpu}, ${cores} cores, Node ${node}, ${redis}, ${postgres}; ${pinning} together with the store; medians of ${rounds} interleaved rounds of ${requests.toLocaleString('en')} requests ± the median deviation from it.`
}

/** Nothing where nothing was measured. */
export function storesSection(): string {
  const results = readStoreResults() as StoreResults // looked at before it is used
  if (!results.environment) return ''
  return `
# Stores

Written by \`node benchmarks/run.mjs --suite stores\`.

${setting(results)}

## Goals of the stores

${storeGoalsTable(results)}

## CPU with a store

Of the process, and below it of the server that it keeps its jobs in. Hand-written are routes over the records of a queue, with a worker in
the same process.

${cpuTable(results)}

## Round trips

Counted on the wire, the least of several times.

${tripsTable(results)}

## Polls of large results

CPU of 1,000 polls, ms:

${sizesLine(results)}

## Stores at their own interface

${rawTable(results)}
`
}

/** The short form; empty where nothing was measured. */
export function storesTable(): string {
  const results = readStoreResults() as StoreResults // looked at before it is used
  if (!results.groups) return ''
  const rows = groupsOf(results.groups).flatMap(({ title, scenarios }): Row[] => {
    const of = (figure: 'ratio' | 'storeRatio') => shown.map(({ name }) => cell(scenarios[name]?.[figure]))
    const byHand = STORE_GROUPS.find((group) => group.title === title)?.byHand ?? ''
    return [
      [`${title} / ${byHand} by hand: process`, ...of('ratio')],
      ['… store', ...of('storeRatio')],
    ]
  })
  return `${table(['times the CPU', ...shown.map(({ title }) => title)], rows)}\n\n${setting(results)} [All figures and how to read them](benchmarks/README.md#stores).`
}
