/** The results of events as Markdown: a part of RESULTS.md. */
import { errorOf } from '../harness/statistics.ts'
import { number, type Row, table, withError, withSpread } from '../markdown.ts'
import { EVENT_GOALS } from './goals.ts'
import { type EventResults, readEventResults } from './results.ts'

export const eventGoalsTable = (results: EventResults): string =>
  table(
    ['goal', 'at most', 'measured', 'verdict'],
    EVENT_GOALS.map(({ figure, atMost, unit, measured }): Row => {
      const value = measured(results)
      if (value === undefined) return [figure, `${atMost} ${unit}`, '', 'not measured']
      const [middle, error] = typeof value === 'number' ? [value, 0] : [value.median, errorOf(value)]
      const verdict = middle + error <= atMost ? 'met' : middle - error > atMost ? '**not met**' : 'open'
      return [figure, `${atMost} ${unit}`, error > 0 ? `${number(middle)} ± ${number(error)}` : number(middle), verdict]
    }),
  )

const eventsTable = ({ groups = {} }: EventResults): string =>
  table(
    ['', 'server CPU of an event, µs', 'lag, median, ms', 'lag, 99th, ms', 'bytes of a watcher'],
    Object.values(groups).flatMap(({ title, contenders, ratio }): Row[] => [
      ...Object.entries(contenders).map(
        ([name, { cpuUs, lagP50, lagP99, watcherBytes }]): Row => [
          `${title}, ${name}`,
          ...[cpuUs, lagP50, lagP99, watcherBytes].map((one) => withSpread(one)),
        ],
      ),
      ['**respond-async / by hand**', `**${withError(ratio)}**`, '', '', ''],
    ]),
  )

/** Nothing where nothing was measured. */
export function eventsSection(): string {
  const results = readEventResults() as EventResults // looked at before it is used
  if (!results.environment) return ''
  const { cpu, cores, node, pinning, rounds, watchers } = results.environment
  return `
# Events

Written by \`node benchmarks/run.mjs --suite events\`.

Measured on ${results.date}: ${cpu}, ${cores} cores, Node ${node}; ${pinning}; medians of ${rounds} interleaved rounds of ${watchers.toLocaleString('en')} watchers and 100 steps ± the median deviation from it; of ratios ± the error of the median.

${eventGoalsTable(results)}

${eventsTable(results)}
`
}
