import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { createBirdStrikeTally } from '../src/bird-strikes'
import { createFlightTally } from '../src/flights'
import { recognise } from '../src/kinds'
import { parse } from '../src/parse'
import { type SampleName, sampleFile } from '../src/sample-file'
import type { Batch } from '../src/table'

const run = async <T>(sample: SampleName, { add, figures }: { add: (batch: Batch) => void; figures: T }) => {
  const table = await parse(await readFile((await sampleFile(sample)).path))
  for await (const batch of table.batches(recognise(table.columns).columns, 7_777, async () => {})) add(batch)
  return figures
}

const sum = (numbers: Iterable<number>) => [...numbers].reduce((total, value) => total + value, 0)

it('counts three million flights', async () => {
  const figures = await run('flights', createFlightTally())
  expect(figures).toMatchObject({ flights: 3_000_000, late: 626_590, early: 1_536_194, skipped: 0 })
  expect([figures.from, figures.to].map((time) => new Date(time).toISOString())).toEqual([
    '2001-01-01T00:01:00.000Z',
    '2001-07-01T00:00:00.000Z',
  ])
  expect(figures.week.map((day) => sum(day.map(({ flights }) => flights)))).toEqual([
    436543, 439997, 440949, 443373, 442673, 390325, 406140,
  ])
  expect(figures.week.map((day) => sum(day.map(({ late }) => late)))).toEqual([84258, 84545, 88504, 103778, 118845, 68450, 78210])
  expect(figures.hours.map(({ total }) => total)).toEqual([
    10349, 6098, 931, 241, 340, 38442, 200792, 196576, 196142, 187010, 167980, 189333, 179797, 188995, 173645, 180127, 173484, 200642,
    176484, 172233, 151987, 108349, 73553, 26470,
  ])
  expect(figures.distances.slice(0, 4).map(({ flights }) => flights)).toEqual([528545, 834543, 521151, 399178])
  expect(figures.airports.get('ORD')).toMatchObject({ flights: 166_341 })
  expect(figures.airports.get('LAX')?.routes.get('LAS')).toMatchObject({ flights: 8_323, distance: 236 })
  expect(figures.longest[0]).toMatchObject({ delay: 1688, origin: 'HNL', destination: 'MSP' })
  for (const groups of [figures.days, figures.airports]) expect(sum([...groups.values()].map(({ flights }) => flights))).toBe(3_000_000)
}, 120_000)

it('counts what a plain loop over the records counts', async () => {
  const figures = await run('flights-20k', createFlightTally())
  const records: { date: string; delay: number; origin: string }[] = JSON.parse(
    await readFile((await sampleFile('flights-20k')).path, 'utf8'),
  )
  const delays = records.map(({ delay }) => delay).sort((a, b) => a - b)
  expect(figures.flights).toBe(records.length)
  expect(figures.late).toBe(delays.filter((delay) => delay >= 15).length)
  expect(figures.delays.quantile(0.5)).toBe(delays[9_999])
  expect(figures.delays.quantile(0.9)).toBe(delays[17_999])
  expect(figures.delays.between(-5, 5)).toBe(delays.filter((delay) => delay >= -5 && delay < 5).length)
  expect(figures.hours[17]?.total).toBe(records.filter(({ date }) => date.slice(11, 13) === '17').length)
  expect(figures.airports.get('ATL')?.flights).toBe(records.filter(({ origin }) => origin === 'ATL').length)
})

it('counts ten thousand bird strikes', async () => {
  const figures = await run('bird-strikes', createBirdStrikeTally())
  const [header = '', ...lines] = (await readFile((await sampleFile('bird-strikes')).path, 'utf8')).trim().split(/\r?\n/)
  // None of the cells is quoted, so a comma is always a separator here.
  const cell = (line: string, name: string) => line.split(',')[header.split(',').indexOf(name)] ?? ''
  expect(figures).toMatchObject({ strikes: 10_000, damaged: 1_061, cost: 40_545_276, costed: 209, skipped: 0 })
  expect(figures.cost).toBe(sum(lines.map((line) => Number(cell(line, 'Cost Total $')))))
  expect(figures.damaged).toBe(lines.filter((line) => cell(line, 'Effect Amount of damage') !== 'None').length)
  expect(figures.airports.get('DALLAS/FORT WORTH INTL ARPT')?.strikes).toBe(
    lines.filter((line) => cell(line, 'Airport Name').startsWith('DALLAS')).length,
  )
  expect(sum(figures.costs)).toBe(209)
  expect(figures.costs[6]).toBe(lines.filter((line) => Number(cell(line, 'Cost Total $')) >= 1e6).length)
  expect([...figures.years].map(([year, { strikes }]) => [year, strikes]).sort()).toEqual([
    [1990, 463],
    [1991, 571],
    [1992, 657],
    [1993, 677],
    [1994, 667],
    [1995, 713],
    [1996, 752],
    [1997, 865],
    [1998, 907],
    [1999, 941],
    [2000, 1065],
    [2001, 1095],
    [2002, 627],
  ])
  expect(Object.fromEntries([...figures.phases].map(([phase, { strikes }]) => [phase, strikes]))).toEqual({
    Approach: 4619,
    Climb: 1956,
    'Take-off run': 1592,
    'Landing Roll': 1405,
    Descent: 399,
    Taxi: 18,
    Parked: 11,
  })
})
