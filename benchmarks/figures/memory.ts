/** Memory of finished jobs, and whether it stays bounded. */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Retained } from './retained.ts'

export interface MemoryFigures {
  readonly jobs: number
  /** Bytes of heap that a finished job takes with its result, by contender. */
  readonly perJob: Readonly<Record<string, number>>
  /** Bytes of the result that each job keeps. */
  readonly bodyBytes: number
  /** Bytes that a job of this library takes besides that. */
  readonly besidesBodies: number
  /** Heap in MB while a million jobs are submitted against the default limits, at every 200,000. */
  readonly million: readonly number[]
  /** The last of them over the first. */
  readonly growth: number
}

/** The default of memoryStore(), less what the warm-up leaves in it. */
const JOBS = 99_000
const MILLION = 1_000_000
const STEPS = 5

function retained(contender: string, jobs: number, steps: number): Retained {
  const file = fileURLToPath(new URL('./retained.ts', import.meta.url))
  const env = { ...process.env, NODE_ENV: 'production' }
  return JSON.parse(execFileSync(process.execPath, ['--expose-gc', file, contender, `${jobs}`, `${steps}`], { encoding: 'utf8', env }))
}

export function measureMemory(report: (line: string) => void, quick: boolean): MemoryFigures {
  const perJob: Record<string, number> = {}
  let bodyBytes = 0
  for (const contender of ['hand-written', 'respond-async']) {
    const { heap, bodyBytes: each } = retained(contender, JOBS, 1)
    bodyBytes = each
    perJob[contender] = Math.round((heap[0] ?? 0) / JOBS)
    report(`memory ${contender}: ${perJob[contender]} bytes a job, ${each} of them its result`)
  }
  const besidesBodies = (perJob['respond-async'] ?? 0) - bodyBytes
  const { heap } = retained('respond-async', quick ? MILLION / 2 : MILLION, STEPS)
  const million = heap.map((bytes) => Number((bytes / 1e6).toFixed(1)))
  report(`memory during ${quick ? 'half ' : ''}a million submissions: ${million.join(', ')} MB`)
  return { jobs: JOBS, perJob, bodyBytes, besidesBodies, million, growth: Number(((million.at(-1) ?? 0) / (million[0] ?? 1)).toFixed(3)) }
}
