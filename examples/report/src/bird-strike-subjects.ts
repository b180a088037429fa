import { drawBarChart } from './bar-chart'
import { type BirdStrikeFigures, type Damage, isNamed } from './bird-strikes'
import type { Canvas } from './canvas'
import type { LegendEntry } from './chart'
import { count, counted, dollars, percent, share } from './format'
import { CONTENT_TOP, drawHeading, leftHalf, rightHalf } from './layout'
import { readable } from './names'
import { byCount } from './ranking'
import { COLOR } from './theme'

const COLORS = [COLOR.blue, COLOR.orange]
const LEGEND: LegendEntry[] = [
  { color: COLOR.blue, text: 'No damage' },
  { color: COLOR.orange, text: 'Damage' },
]

type Group = [name: string, damage: Damage]

const toBar = ([name, { strikes, damaged }]: Group) => ({
  label: readable(name),
  parts: [strikes - damaged, damaged],
  text: count(strikes),
})
const byStrikes = byCount<Group>(
  ([, { strikes }]) => strikes,
  ([name]) => name,
)
const byCost = byCount<Group>(
  ([, { cost }]) => cost,
  ([name]) => name,
)

/** The page on species, airports and operators. */
export const drawBirdStrikeSubjects = (canvas: Canvas, { species, airports, operators, strikes }: BirdStrikeFigures) => {
  const named = [...species].filter(([name]) => isNamed(name)).sort(byStrikes)
  const costly = [...species].filter(([, { cost }]) => cost > 0).sort(byCost)
  const [first] = named
  const finding = first ? `${first[0]} leads the species that were recognised: ${counted(first[1].strikes, 'strike')}.` : ''
  drawHeading(canvas, 'Which birds, and where', finding)
  drawBarChart(canvas, leftHalf(CONTENT_TOP, 330), {
    title: 'Recognised species',
    note: 'Strikes',
    bars: named.slice(0, 18).map(toBar),
    colors: COLORS,
    labelWidth: 92,
    legend: LEGEND,
  })
  drawBarChart(canvas, rightHalf(CONTENT_TOP, 330), {
    title: 'Airports',
    note: 'Strikes',
    bars: [...airports].sort(byStrikes).slice(0, 18).map(toBar),
    colors: COLORS,
    labelWidth: 122,
    legend: LEGEND,
  })
  drawBarChart(canvas, leftHalf(484, 282), {
    title: 'Costliest animals',
    note: 'Sum of the reported costs',
    bars: costly.slice(0, 15).map(([name, { cost }]) => ({ label: name, parts: [cost], text: dollars(cost) })),
    colors: [COLOR.orange],
    labelWidth: 92,
  })
  const [top] = [...operators].sort(byStrikes)
  drawBarChart(canvas, rightHalf(484, 282), {
    title: 'Operators',
    note: top ? `Strikes; ${readable(top[0])} alone ${percent(share(top[1].strikes, strikes))}` : 'Strikes',
    bars: [...operators].sort(byStrikes).slice(0, 15).map(toBar),
    colors: COLORS,
    labelWidth: 122,
    legend: LEGEND,
  })
}
