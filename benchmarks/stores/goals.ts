/** The goals for stores. */
import { type Summary, summarize } from '../harness/statistics.ts'
import { CALLS, CLIENTS, IN_FLIGHT, rawKey } from './raw.ts'
import type { StoreResults } from './results.ts'
import type { TripsResult } from './trips.ts'

export interface StoreGoal {
  readonly figure: string
  readonly unit: string
  readonly atMost?: number
  readonly atLeast?: number
  measured(results: StoreResults): Summary | number | undefined
}

const ratio = (group: string, scenario: string) => (results: Partial<StoreResults>) => results.groups?.[group]?.scenarios[scenario]?.ratio
const cpu = (figure: string, group: string, scenario: string, atMost: number): StoreGoal => ({
  ...{ figure, unit: 'times the CPU of the process', atMost },
  measured: ratio(group, scenario),
})

const trips = (group: string, contender: string, what: keyof TripsResult) => (results: Partial<StoreResults>) =>
  results.trips?.[group]?.[contender]?.[what]
const TRIPS: readonly (readonly [what: keyof TripsResult, title: string, atMost: number])[] = [
  ['accept', 'accept', 1],
  ['pollUnfinished', 'poll of an unfinished job', 1],
  ['pollFinished', 'poll of a finished job', 1],
  ['progress', 'progress', 1],
  ['finish', 'finish', 1],
  ['acceptAndRun', 'accept and run, in process', 2],
]

/** CPU of a poll with 10 MB over that of one without, round by round: of the process and its store together. */
const sizeRatio = (group: string) => (results: Partial<StoreResults>) => {
  const scenarios = results.sizes?.[group]?.scenarios
  const [large, empty] = ['poll-large', 'poll-empty'].map((name) => {
    const [figures] = Object.values(scenarios?.[name]?.contenders ?? {})
    return figures?.cpuMs.values.map((value, round) => value + (figures.storeCpuMs?.values[round] ?? 0))
  })
  return large && empty && summarize(large.map((value, round) => value / (empty[round] ?? Number.NaN)))
}

const STORES = [
  ['redis', 'Redis', 'BullMQ'],
  ['postgres', 'Postgres', 'pg-boss'],
] as const

export const STORE_GOALS: readonly StoreGoal[] = [
  cpu('Redis store, accept / BullMQ', 'redis', 'accept', 0.65),
  cpu('Redis store, poll of an unfinished job / BullMQ', 'redis', 'poll-unfinished', 0.6),
  cpu('Redis store, poll of a finished job / BullMQ', 'redis', 'poll-finished', 0.6),
  cpu('Redis store, whole cycle / BullMQ', 'redis', 'cycle', 0.55),
  cpu('Postgres store, accept / pg-boss', 'postgres', 'accept', 0.6),
  cpu('Postgres store, poll of an unfinished job / pg-boss', 'postgres', 'poll-unfinished', 0.65),
  cpu('Postgres store, poll of a finished job / pg-boss', 'postgres', 'poll-finished', 0.65),
  cpu('Postgres store, whole cycle / pg-boss', 'postgres', 'cycle', 0.3),
  ...STORES.flatMap(([group, title, queue]): StoreGoal[] => [
    ...TRIPS.map(([what, name, atMost]) => ({
      ...{ figure: `${title}, ${name}`, unit: 'round trips', atMost },
      measured: trips(group, 'respond-async', what),
    })),
    {
      ...{ figure: `${title}, accept and run, over ${queue}`, unit: 'round trips to the store', atMost: 3 },
      measured: trips(group, `respond-async, ${queue} as its engine`, 'acceptAndRun'),
    },
    { figure: `${title}, poll with a result of 10 MB / without`, unit: 'times the CPU', atMost: 1.05, measured: sizeRatio(group) },
  ]),
  ...CLIENTS.flatMap((client) =>
    CALLS.flatMap((call) =>
      IN_FLIGHT.map((inFlight) => ({
        ...{ figure: `${client}, ${call}, ${inFlight} in flight: store / client`, unit: 'times the throughput', atLeast: 0.8 },
        measured: ({ raw }: StoreResults) => raw?.[rawKey(client, call, inFlight)]?.throughput,
      })),
    ),
  ),
]
