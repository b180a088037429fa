/** The goals. They are stated only here: the verdicts in the report come from this list. */
import { type Summary, summarize } from './harness/statistics.ts'
import type { Results } from './results.ts'

export interface Goal {
  readonly figure: string
  readonly atMost: number
  readonly unit: string
  /** `undefined`: not measured in this run. A figure of several rounds comes as a summary of them. */
  measured(results: Results): Summary | number | undefined
}

const ratio = (group: string, scenario: string) => (results: Results) => results.groups?.[group]?.scenarios[scenario]?.ratio

/** Polls of the same jobs with and without If-None-Match, round by round. */
const notModifiedRatio = (group: string) => (results: Results) => {
  const scenarios = results.groups?.[group]?.scenarios
  const [not, full] = ['poll-304', 'poll-finished'].map((name) => scenarios?.[name]?.contenders['respond-async']?.cpuMs.values)
  return not && full && summarize(not.map((value, round) => value / (full[round] ?? Number.NaN)))
}

const cpu = 'times the CPU'
const kB = 'kB'

export const GOALS: readonly Goal[] = [
  { figure: 'Express, accept / hand-written', atMost: 1.25, unit: cpu, measured: ratio('express', 'accept') },
  { figure: 'Express, poll of an unfinished job / hand-written', atMost: 0.85, unit: cpu, measured: ratio('express', 'poll-unfinished') },
  { figure: 'Express, poll of a finished job / hand-written', atMost: 0.85, unit: cpu, measured: ratio('express', 'poll-finished') },
  { figure: 'Hono, accept / hand-written', atMost: 1.4, unit: cpu, measured: ratio('hono', 'accept') },
  { figure: 'Hono, poll of an unfinished job / hand-written', atMost: 1.1, unit: cpu, measured: ratio('hono', 'poll-unfinished') },
  { figure: 'Hono, poll of a finished job / hand-written', atMost: 1.1, unit: cpu, measured: ratio('hono', 'poll-finished') },
  { figure: 'itty-router on workerd, accept / hand-written', atMost: 1.2, unit: cpu, measured: ratio('itty', 'accept') },
  {
    figure: 'itty-router on workerd, poll of an unfinished job / hand-written',
    atMost: 1.05,
    unit: cpu,
    measured: ratio('itty', 'poll-unfinished'),
  },
  {
    figure: 'itty-router on workerd, poll of a finished job / hand-written',
    atMost: 1.05,
    unit: cpu,
    measured: ratio('itty', 'poll-finished'),
  },
  { figure: 'Express, 304 / 200', atMost: 1, unit: cpu, measured: notModifiedRatio('express') },
  { figure: 'Hono, 304 / 200', atMost: 1, unit: cpu, measured: notModifiedRatio('hono') },
  { figure: 'itty-router on workerd, 304 / 200', atMost: 1, unit: cpu, measured: notModifiedRatio('itty') },
  {
    ...{ figure: 'memory of a finished job, besides its bodies', atMost: 1000, unit: 'bytes' },
    measured: ({ memory }) => memory?.besidesBodies,
  },
  {
    ...{ figure: 'heap after 1,000,000 submissions / after 200,000', atMost: 1.1, unit: 'times the heap' },
    measured: ({ memory }) => memory?.growth,
  },
  { figure: 'core, minified and gzipped', atMost: 8, unit: kB, measured: ({ sizes }) => sizes?.core },
  { figure: 'core/fetch', atMost: 2, unit: kB, measured: ({ sizes }) => sizes?.['core/fetch'] },
  { figure: 'express', atMost: 2, unit: kB, measured: ({ sizes }) => sizes?.express },
  { figure: 'hono', atMost: 2, unit: kB, measured: ({ sizes }) => sizes?.hono },
  { figure: 'workers', atMost: 2, unit: kB, measured: ({ sizes }) => sizes?.workers },
  { figure: 'importing core', atMost: 2, unit: 'ms CPU', measured: ({ startUp }) => startUp?.coreMs },
]
