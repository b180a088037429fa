/** What one run of the suite `stores` measured; what was not asked for is absent. Kept as results/stores.json. */
import type { GroupResult } from '../harness/measure.ts'
import { type Environment, readFigures, writeFigures } from '../results.ts'
import type { RawResult } from './raw.ts'
import type { TripsResult } from './trips.ts'

export interface StoreResults {
  readonly date: string
  readonly environment: Omit<Environment, 'workerd'> & Record<'redis' | 'postgres', string> & Record<'rounds' | 'requests', number>
  readonly groups?: Readonly<Record<string, GroupResult>>
  /** Polls of a job without a result and of one with 10 MB, by the same server in turn. */
  readonly sizes?: Readonly<Record<string, GroupResult>>
  readonly raw?: RawResult
  readonly trips?: Readonly<Record<string, Readonly<Record<string, TripsResult>>>>
}

export const readStoreResults = (): Partial<StoreResults> => readFigures('stores')
export const writeStoreResults = (results: StoreResults): void => writeFigures('stores', results)
