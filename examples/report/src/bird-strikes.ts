import { dateParts } from './calendar'
import { type Counts, createCounts } from './counts'
import { entry } from './entry'
import { createTop } from './ranking'
import { type Batch, toNumber, toText, toTime } from './table'

export const BIRD_STRIKE_COLUMNS = [
  'Flight Date',
  'Airport Name',
  'Aircraft Make Model',
  'Aircraft Airline Operator',
  'Effect Amount of damage',
  'Phase of flight',
  'Time of day',
  'Wildlife Size',
  'Wildlife Species',
  'Cost Total $',
  'Speed IAS in knots',
] as const

export interface Damage {
  strikes: number
  damaged: number
  cost: number
}

export interface Strike {
  time: number
  airport: string
  aircraft: string
  operator: string
  damaged: boolean
  phase: string
  timeOfDay: string
  size: string
  species: string
  cost: number
  speed: number
}

/** Everything the report tells, counted over all rows. */
export interface BirdStrikeFigures extends Damage {
  skipped: number
  from: number
  to: number
  /** Strikes with a cost above zero. */
  costed: number
  speeds: Counts
  years: Map<number, Damage>
  /** [year][month] */
  months: Map<number, number[]>
  phases: Map<string, Damage>
  timesOfDay: Map<string, Damage>
  sizes: Map<string, Damage>
  species: Map<string, Damage>
  airports: Map<string, Damage>
  operators: Map<string, Damage>
  /** Costs above zero, as the power of ten below them. */
  costs: number[]
  costliest: Strike[]
}

const nothing = (): Damage => ({ strikes: 0, damaged: 0, cost: 0 })

/** A species that was not recognised: "Unknown bird - small". */
export const isNamed = (species: string) => !/^unknown/i.test(species)

export const createBirdStrikeTally = () => {
  const costliest = createTop<Strike>(15, (strike) => strike.cost)
  const figures: BirdStrikeFigures = {
    ...nothing(),
    skipped: 0,
    from: Number.POSITIVE_INFINITY,
    to: Number.NEGATIVE_INFINITY,
    costed: 0,
    speeds: createCounts(0, 600),
    years: new Map(),
    months: new Map(),
    phases: new Map(),
    timesOfDay: new Map(),
    sizes: new Map(),
    species: new Map(),
    airports: new Map(),
    operators: new Map(),
    costs: Array.from({ length: 9 }, () => 0),
    costliest: costliest.items,
  }

  const addStrike = (strike: Strike) => {
    const { year, month } = dateParts(strike.time)
    count(figures, strike)
    count(entry(figures.years, year, nothing), strike)
    count(entry(figures.phases, strike.phase, nothing), strike)
    count(entry(figures.timesOfDay, strike.timeOfDay, nothing), strike)
    count(entry(figures.sizes, strike.size, nothing), strike)
    count(entry(figures.species, strike.species, nothing), strike)
    count(entry(figures.airports, strike.airport, nothing), strike)
    count(entry(figures.operators, strike.operator, nothing), strike)
    const months = entry(figures.months, year, () => Array.from({ length: 12 }, () => 0))
    months[month] = (months[month] ?? 0) + 1
    if (strike.speed > 0) figures.speeds.add(strike.speed)
    if (strike.cost > 0) {
      const power = Math.min(figures.costs.length, String(Math.floor(strike.cost)).length) - 1
      figures.costs[power] = (figures.costs[power] ?? 0) + 1
      figures.costed++
      if (strike.cost > costliest.threshold) costliest.add(strike)
    }
    figures.from = Math.min(figures.from, strike.time)
    figures.to = Math.max(figures.to, strike.time)
  }

  const add = (batch: Batch) => {
    for (let row = batch.start; row < batch.end; row++) {
      const strike = toStrike(batch.columns.map((column) => column[row]))
      if (strike) addStrike(strike)
      else figures.skipped++
    }
  }

  return { figures, add }
}

/** A row in the order of {@link BIRD_STRIKE_COLUMNS}. Only the date and the airport must be there: reports often leave the rest open. */
const toStrike = ([date, airport, aircraft, operator, damage, phase, timeOfDay, size, species, cost, speed]: unknown[]):
  | Strike
  | undefined => {
  const time = toTime(date)
  if (!Number.isFinite(time) || toText(airport) === '') return undefined
  const reported = (cell: unknown) => toText(cell) || 'Not reported'
  return {
    time,
    airport: toText(airport),
    aircraft: reported(aircraft),
    operator: reported(operator),
    damaged: toText(damage) !== '' && toText(damage) !== 'None',
    phase: reported(phase),
    timeOfDay: reported(timeOfDay),
    size: reported(size),
    species: reported(species),
    cost: Math.max(0, toNumber(cost) || 0),
    speed: Math.max(0, toNumber(speed) || 0),
  }
}

const count = (damage: Damage, strike: Strike) => {
  damage.strikes++
  if (strike.damaged) damage.damaged++
  damage.cost += strike.cost
}
