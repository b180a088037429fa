/** The goals for events. */
import type { Summary } from '../harness/statistics.ts'
import type { EventResults } from './results.ts'

interface EventGoal {
  readonly figure: string
  readonly atMost: number
  readonly unit: string
  measured(results: EventResults): Summary | number | undefined
}

const ratio = (figure: string, group: string): EventGoal => ({
  ...{ figure, atMost: 1.2, unit: 'times the CPU' },
  measured: ({ groups }) => groups?.[group]?.ratio,
})
const reads = (figure: string, store: string): EventGoal => ({
  ...{ figure, atMost: 1, unit: 'reads of the store' },
  measured: (results) => results.reads?.[store],
})

export const EVENT_GOALS: readonly EventGoal[] = [
  ratio('Express, an event / broadcaster by hand', 'express'),
  ratio('Hono, an event / broadcaster by hand', 'hono'),
  reads('a change, through Redis', 'redis'),
  reads('a change, through Postgres', 'postgres'),
]
