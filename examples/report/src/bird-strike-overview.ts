import { type BirdStrikeFigures, isNamed } from './bird-strikes'
import { dateRange, MONTHS } from './calendar'
import type { Canvas } from './canvas'
import { drawColumnChart } from './column-chart'
import { count, counted, percent, share, shortDollars } from './format'
import { drawHeatmap } from './heatmap'
import { drawFigures, drawTitle, wide } from './layout'
import { readable } from './names'
import { COLOR } from './theme'

/** The report's first page: the whole in numbers, the years, and the seasons. */
export const drawBirdStrikeOverview = (canvas: Canvas, figures: BirdStrikeFigures) => {
  const { strikes, damaged, cost, costed, costliest, species, speeds, airports, from, to } = figures
  drawTitle(canvas, {
    kind: 'Bird-strike report',
    title: 'Birds and aircraft',
    covers: `${dateRange(from, to)}  ·  ${counted(strikes, 'strike')}  ·  ${counted(airports.size, 'airport')}  ·  ${counted(figures.operators.size, 'operator')}`,
  })
  const named = [...species].filter(([name]) => isNamed(name))
  const namedStrikes = named.reduce((sum, [, damage]) => sum + damage.strikes, 0)
  const worst = costliest[0]
  drawFigures(canvas, 138, [
    { value: count(strikes), label: 'Strikes', detail: counted(figures.years.size, 'calendar year') },
    { value: percent(share(damaged, strikes)), label: 'With damage', detail: `${count(damaged)} aircraft` },
    { value: shortDollars(cost), label: 'Cost', detail: `reported for ${count(costed)}` },
    { value: shortDollars(worst?.cost ?? 0), label: 'Costliest strike', detail: worst ? readable(worst.airport) : '' },
    { value: percent(share(namedStrikes, strikes)), label: 'Species known', detail: `${count(named.length)} species` },
    {
      value: `${count(speeds.total === 0 ? 0 : speeds.quantile(0.5))} kn`,
      label: 'Median speed',
      detail: `reported for ${count(speeds.total)}`,
    },
  ])
  drawYears(canvas, figures)
  drawSeasons(canvas, figures)
}

/** More years than this would be too narrow to read. */
const MOST_YEARS = 30

const recentYears = <T>(years: Map<number, T>) => [...years].sort(([a], [b]) => a - b).slice(-MOST_YEARS)

const drawYears = (canvas: Canvas, { years }: BirdStrikeFigures) =>
  drawColumnChart(canvas, wide(224, 240), {
    title: 'Strikes by year',
    note: 'Reported strikes. The first and the last year may be covered in part.',
    columns: recentYears(years).map(([year, { strikes, damaged }]) => ({ label: String(year), parts: [strikes - damaged, damaged] })),
    colors: [COLOR.blue, COLOR.orange],
    format: count,
    legend: [
      { color: COLOR.blue, text: 'No damage' },
      { color: COLOR.orange, text: 'Damage' },
    ],
  })

const drawSeasons = (canvas: Canvas, { months }: BirdStrikeFigures) => {
  const years = recentYears(months)
  const most = Math.max(1, ...years.flatMap(([, counts]) => counts))
  drawHeatmap(canvas, wide(492, 274), {
    title: 'Strikes by month',
    note: 'Reported strikes in each month. Months without any are left empty.',
    rows: years.map(([year]) => String(year)),
    columns: MONTHS.map((month) => month.slice(0, 3)),
    value: (row, column) => years[row]?.[1][column] || undefined,
    domain: [0, most],
    format: count,
    cellFormat: count,
  })
}
