import type { JobStatus } from '@respond-async/core'
import type { Row } from '../rows'

/** In the order in which a job goes through them. */
export const STATES = ['queued', 'running', 'succeeded', 'failed', 'canceled'] as const satisfies readonly JobStatus[]
export const OUTCOMES = ['succeeded', 'failed', 'canceled'] as const satisfies readonly JobStatus[]
export type Outcome = (typeof OUTCOMES)[number]

export type Counts = Readonly<Record<JobStatus, number>>

export function countsOf(rows: readonly Row[]): Counts {
  const counts = { queued: 0, running: 0, succeeded: 0, failed: 0, canceled: 0 }
  for (const { status } of rows) counts[status] += 1
  return counts
}

export interface OperationFigures {
  readonly operation: string
  readonly total: number
  readonly counts: Counts
  /** Of attempts that came to an outcome, in milliseconds; `undefined`: none has. */
  readonly medianMs?: number
  readonly slowMs?: number
}

/** What each operation does, the busiest first. */
export function operationsOf(rows: readonly Row[]): OperationFigures[] {
  const byName = new Map<string, Row[]>()
  for (const row of rows) {
    const own = byName.get(row.operation)
    if (own) own.push(row)
    else byName.set(row.operation, [row])
  }
  return [...byName]
    .map(([operation, own]) => {
      const durations = own.map(runMs).filter((ms) => ms !== undefined)
      return { operation, total: own.length, counts: countsOf(own), medianMs: quantile(durations, 0.5), slowMs: quantile(durations, 0.95) }
    })
    .sort((a, b) => b.total - a.total || (a.operation < b.operation ? -1 : 1))
}

/** How long the attempt that came to an outcome took. */
export const runMs = ({ startedAt, finishedAt }: Row): number | undefined =>
  startedAt === undefined || finishedAt === undefined ? undefined : Math.max(0, finishedAt - startedAt)

/** The value below which a share of all values lies. */
export function quantile(values: readonly number[], share: number): number | undefined {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
}

/** Widths of a bar that people can read, in seconds. */
const WIDTHS_S = [1, 5, 10, 30, 60, 300, 600, 1_800, 3_600, 3 * 3_600, 6 * 3_600, 86_400, 7 * 86_400]
const BARS = 40

export interface Throughput {
  readonly widthMs: number
  /** Beginning of each bar, and how many jobs came to each outcome in it. */
  readonly bars: readonly ({ readonly at: number } & Readonly<Record<Outcome, number>>)[]
}

/** How many jobs finished when, from the first end to `now`. */
export function throughputOf(rows: readonly Row[], now: number): Throughput {
  const ends = rows.flatMap(({ status, finishedAt }) =>
    finishedAt === undefined || !isOutcome(status) ? [] : [{ status, at: finishedAt }],
  )
  if (ends.length === 0) return { widthMs: 0, bars: [] }
  const first = ends.reduce((least, { at }) => Math.min(least, at), now)
  const last = ends.reduce((most, { at }) => Math.max(most, at), now)
  const widthMs = 1_000 * (WIDTHS_S.find((width) => (last - first) / (1_000 * width) < BARS) ?? (WIDTHS_S.at(-1) as number))
  const start = Math.floor(first / widthMs)
  const bars = Array.from({ length: Math.min(10 * BARS, Math.floor(last / widthMs) - start + 1) }, (_, at) => ({
    ...{ at: (start + at) * widthMs, succeeded: 0, failed: 0, canceled: 0 },
  }))
  for (const { status, at } of ends) {
    const bar = bars[Math.floor(at / widthMs) - start]
    if (bar) bar[status] += 1
  }
  return { widthMs, bars }
}

const isOutcome = (status: JobStatus): status is Outcome => (OUTCOMES as readonly JobStatus[]).includes(status)

export interface Point {
  readonly x: number
  readonly y: number
  readonly row: Row
}

/** When each job finished, and how long it had run, by outcome. */
export function durationsOf(rows: readonly Row[]): Readonly<Record<Outcome, readonly Point[]>> {
  const points: Record<Outcome, Point[]> = { succeeded: [], failed: [], canceled: [] }
  for (const row of rows) {
    const y = runMs(row)
    if (y !== undefined && row.finishedAt !== undefined && isOutcome(row.status)) points[row.status].push({ x: row.finishedAt, y, row })
  }
  return points
}
