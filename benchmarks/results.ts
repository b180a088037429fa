/** What one run of the benchmarks measured; what was not asked for is absent. Kept as results/latest.json. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { MemoryFigures } from './figures/memory.ts'
import type { Sizes } from './figures/sizes.ts'
import type { StartUp } from './figures/start-up.ts'
import type { GroupResult } from './harness/measure.ts'

export interface Results {
  /** Day of the CPU figures, and what they were taken on. */
  readonly date: string
  readonly environment: Environment
  readonly groups?: Readonly<Record<string, GroupResult>>
  readonly memory?: MemoryFigures
  readonly sizes?: Sizes
  readonly startUp?: StartUp
}

export interface Environment {
  readonly node: string
  readonly workerd: string
  readonly cpu: string
  readonly cores: number
  readonly pinning: string
}

const fileOf = (name: string) => fileURLToPath(new URL(`./results/${name}.json`, import.meta.url))

/** Figures kept under a name; none where there are none yet. */
export function readFigures<T>(name: string): Partial<T> {
  try {
    return JSON.parse(readFileSync(fileOf(name), 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw error
  }
}

export function writeFigures(name: string, figures: object): void {
  mkdirSync(dirname(fileOf(name)), { recursive: true })
  const text = JSON.stringify(figures, null, 2).replace(/\[[\d\s.,-]+\]/g, (numbers) => numbers.replace(/\s+/g, ' ')) // a line for each list
  writeFileSync(fileOf(name), `${text}\n`)
}

export const readResults = (): Partial<Results> => readFigures('latest')
export const writeResults = (results: Results): void => writeFigures('latest', results)
