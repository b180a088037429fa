import { fileURLToPath } from 'node:url'

export interface SampleFile {
  /** Where the file lies on this machine. */
  path: string
  name: string
  type: string
}

const SAMPLES = {
  /** All 3 million flights of half a year: the demo's file. */
  flights: { name: 'flights-3m.parquet', type: 'application/vnd.apache.parquet' },
  /** 20,000 of the flights as JSON: the same columns in a file that opens in an editor. */
  'flights-20k': { name: 'flights-20k.json', type: 'application/json' },
  'bird-strikes': { name: 'birdstrikes.csv', type: 'text/csv' },
} as const satisfies Record<string, Omit<SampleFile, 'path'>>

export type SampleName = keyof typeof SAMPLES

/** Finds a file of real records that the npm package vega-datasets brings along. For Node, Bun and Deno: it needs a disk. */
export const sampleFile = async (sample: SampleName = 'flights'): Promise<SampleFile> => {
  const { name, type } = SAMPLES[sample]
  const path = fileURLToPath(new URL(`../data/${name}`, import.meta.resolve('vega-datasets')))
  return { path, name, type }
}
