/** What one run of the suite `events` measured; what was not asked for is absent. Kept as results/events.json. */
import type { Summary } from '../harness/statistics.ts'
import { type Environment, readFigures, writeFigures } from '../results.ts'

export interface EventFigures {
  /** Of the server process for each event that a watcher got, in microseconds. */
  readonly cpuUs: Summary
  /** From the report of a step until a watcher has it, in milliseconds. */
  readonly lagP50: Summary
  readonly lagP99: Summary
  /** Heap and buffers of the server for each open stream. */
  readonly watcherBytes: Summary
}
export interface EventGroupResult {
  readonly title: string
  readonly contenders: Readonly<Record<string, EventFigures>>
  /** CPU of respond-async over that of the broadcaster by hand, round by round. */
  readonly ratio: Summary
}
export interface EventResults {
  readonly date: string
  readonly environment: Omit<Environment, 'workerd'> & Record<'rounds' | 'watchers', number>
  readonly groups?: Readonly<Record<string, EventGroupResult>>
  /** Round trips to the store for each change of a job that another process runs. */
  readonly reads?: Readonly<Record<string, number>>
}

export const readEventResults = (): Partial<EventResults> => readFigures('events')
export const writeEventResults = (results: EventResults): void => writeFigures('events', results)
