import { type BirdStrikeFigures, isNamed } from './bird-strikes'
import { longDate } from './calendar'
import type { Canvas } from './canvas'
import { drawDataTable, tableHeight } from './data-table'
import { count, counted, dollars, percent, share } from './format'
import { CONTENT_TOP, drawHeading, drawNotes, wide } from './layout'
import { readable } from './names'
import { byCount } from './ranking'

/** The page of tables, with the notes on how things were counted. */
export const drawBirdStrikeRecords = (canvas: Canvas, { costliest, cost, species, strikes, skipped }: BirdStrikeFigures) => {
  const their = costliest.reduce((sum, strike) => sum + strike.cost, 0)
  const finding = `${percent(share(their, cost))} of all reported costs are those of ${counted(costliest.length, 'strike')}.`
  drawHeading(canvas, 'Single strikes and species', costliest.length > 0 ? finding : 'No costs are reported.')
  drawDataTable(canvas, wide(CONTENT_TOP, tableHeight(costliest.length)), {
    title: 'Costliest strikes',
    note: 'Total of repair and other costs',
    columns: [
      { title: 'Date', width: 17 },
      { title: 'Airport', width: 27 },
      { title: 'Aircraft', width: 15 },
      { title: 'Species', width: 23 },
      { title: 'Phase', width: 14 },
      { title: 'Cost', width: 14, align: 'right' },
    ],
    rows: costliest.map((strike) => [
      longDate(strike.time),
      readable(strike.airport),
      strike.aircraft,
      strike.species,
      strike.phase,
      dollars(strike.cost),
    ]),
  })
  const common = [...species]
    .filter(([name]) => isNamed(name))
    .sort(
      byCount(
        ([, damage]) => damage.strikes,
        ([name]) => name,
      ),
    )
    .slice(0, 14)
  const second = CONTENT_TOP + tableHeight(costliest.length) + 22
  drawDataTable(canvas, wide(second, tableHeight(common.length)), {
    title: 'Species',
    note: 'The most frequent ones that were recognised',
    columns: [
      { title: 'Species', width: 34 },
      { title: 'Strikes', width: 14, align: 'right' },
      { title: 'Share of all', width: 16, align: 'right' },
      { title: 'With damage', width: 16, align: 'right' },
      { title: 'Reported costs', width: 20, align: 'right' },
    ],
    rows: common.map(([name, damage]) => [
      name,
      count(damage.strikes),
      percent(share(damage.strikes, strikes)),
      percent(share(damage.damaged, damage.strikes)),
      damage.cost > 0 ? dollars(damage.cost) : '–',
    ]),
  })
  drawNotes(canvas, second + tableHeight(common.length) + 22, 'How this was counted', [
    'A strike did damage when the file tells any effect other than “None”. Costs and speeds are reported for some strikes only: zero is read as not reported.',
    skipped === 0
      ? `Every row of the file was counted: ${count(strikes)}.`
      : `${counted(strikes, 'row')} counted, ${count(skipped)} without a usable date or airport left out.`,
  ])
}
