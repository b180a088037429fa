import type { ActiveElement, Chart, ChartConfiguration, TooltipItem } from 'chart.js'
import { useMemo, useRef } from 'preact/hooks'
import type { Row } from '../rows'
import { durationsOf, OUTCOMES, type Point, quantile, runMs, throughputOf } from './figures'
import { useGo } from './navigation'
import type { Place } from './place'
import { type Colour, Plot } from './plot'
import { aroundSpans, roundSpans } from './spans'
import { numberText, spanText, tickText, wholeTimeText } from './wording'

interface PlotsProps {
  readonly rows: readonly Row[]
  readonly now: number
}

/** How many jobs finished when. */
export function ThroughputPlot({ rows, now }: PlotsProps) {
  const { widthMs, bars } = useMemo(() => throughputOf(rows, now), [rows, now])
  const data = {
    labels: bars.map(({ at }) => tickText(at, widthMs)),
    datasets: OUTCOMES.map((outcome) => ({ label: outcome, data: bars.map((bar) => bar[outcome]) })),
  }
  const finished = bars.reduce((sum, bar) => sum + bar.succeeded + bar.failed + bar.canceled, 0)
  const most = bars.reduce((high, bar) => Math.max(high, bar.succeeded + bar.failed + bar.canceled), 0)
  const summary =
    finished === 0
      ? 'No job has finished yet.'
      : `${numberText(finished)} finished in ${spanText(widthMs * bars.length)}; at most ${numberText(most)} within ${spanText(widthMs)}.`
  return <Plot title="Throughput" summary={summary} legend={OUTCOMES} draw={drawThroughput} data={data} />
}

/** How long each of them ran. */
export function DurationsPlot({ rows, place }: { rows: readonly Row[]; place: Place }) {
  const points = useMemo(() => durationsOf(rows), [rows])
  const durations = rows.map(runMs).filter((ms) => ms !== undefined)
  const [median, slow] = [quantile(durations, 0.5), quantile(durations, 0.95)]
  const data = { datasets: OUTCOMES.map((outcome) => ({ label: outcome, data: points[outcome].map(visible) })) }
  const go = useGo()
  const open = useRef((_: Point) => {})
  open.current = ({ row }) => go({ ...place, job: row.id })
  const draw = useMemo(() => (colour: Colour) => drawDurations(colour, (point) => open.current(point)), [])
  const summary =
    median === undefined || slow === undefined ? 'No job has run yet.' : `Median ${spanText(median)}; 95 % took under ${spanText(slow)}.`
  return <Plot title="Durations" summary={summary} legend={OUTCOMES} draw={draw} data={data} />
}

/** A logarithm has no place for nothing. */
const visible = (point: Point): Point => ({ ...point, y: Math.max(1, point.y) })

const still = { animation: false, responsive: true, maintainAspectRatio: false } as const
const axis = (colour: Colour) => ({ border: { display: false }, grid: { color: colour('line') } })
const ticks = (colour: Colour) => ({ color: colour('quiet'), maxRotation: 0, autoSkipPadding: 16, font: { size: 11 } })

function drawThroughput(colour: Colour): ChartConfiguration<'bar', number[]> {
  return {
    type: 'bar',
    data: {
      datasets: OUTCOMES.map((outcome) => ({ label: outcome, data: [], backgroundColor: colour(`plot-${outcome}`), borderRadius: 2 })),
    },
    options: {
      ...still,
      interaction: { mode: 'index', intersect: false },
      scales: {
        x: { stacked: true, border: { display: false }, grid: { display: false }, ticks: ticks(colour) },
        y: { stacked: true, beginAtZero: true, ...axis(colour), ticks: { ...ticks(colour), precision: 0, maxTicksLimit: 5 } },
      },
    },
  }
}

/** A minute around jobs that ended in one moment: in the place of it there would be years. */
const aroundMoments = ({ min, max }: { min: number; max: number }) => (min === max ? { min: min - 30_000, max: max + 30_000 } : {})

function drawDurations(colour: Colour, open: (point: Point) => void): ChartConfiguration<'scatter', Point[]> {
  return {
    type: 'scatter',
    data: {
      datasets: OUTCOMES.map((outcome) => ({
        ...{ label: outcome, data: [], backgroundColor: colour(`plot-${outcome}`), pointRadius: 3, pointHoverRadius: 5 },
      })),
    },
    options: {
      ...still,
      onClick: (_event: unknown, elements: ActiveElement[], chart: Chart) => {
        const [first] = elements
        const point = first && chart.data.datasets[first.datasetIndex]?.data[first.index]
        if (point) open(point as unknown as Point) // what drawing was given
      },
      scales: {
        x: {
          ...{ type: 'linear', border: { display: false }, grid: { display: false } },
          afterDataLimits: (scale) => void Object.assign(scale, aroundMoments(scale.getMinMax(false))),
          ticks: { ...ticks(colour), maxTicksLimit: 5, callback: (at, _index, all) => tickText(Number(at), apart(all)) },
        },
        y: {
          ...{ type: 'logarithmic', ...axis(colour) },
          // Powers of ten are no spans that people know.
          afterDataLimits: (scale) => void Object.assign(scale, aroundSpans(scale.min, scale.max)),
          afterBuildTicks: (scale) => void Object.assign(scale, { ticks: roundSpans(scale.min, scale.max).map((value) => ({ value })) }),
          ticks: { ...ticks(colour), callback: (ms) => spanText(Number(ms)) },
        },
      },
      plugins: { tooltip: { callbacks: { label: labelOf } } },
    },
  }
}

/** How far the first two are from each other. */
const apart = ([first, second]: readonly { readonly value: number }[]) => (first && second ? second.value - first.value : 0)

function labelOf({ raw }: TooltipItem<'scatter'>): string[] {
  const { x, y, row } = raw as Point // what drawing was given
  return [`${row.operation}: ${row.status}, ${spanText(y)}`, wholeTimeText(x)]
}
