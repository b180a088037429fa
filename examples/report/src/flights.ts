import { dayOf, hourOf, weekdayOf } from './calendar'
import { type Counts, createCounts } from './counts'
import { entry } from './entry'
import { createTop } from './ranking'
import { type Batch, toNumber, toText, toTime } from './table'

export const FLIGHT_COLUMNS = ['date', 'delay', 'distance', 'origin', 'destination'] as const

/** Minutes from which a flight counts as late: the measure of the US Department of Transportation. */
export const LATE_FROM = 15
export const DISTANCE_BAND = 250

export interface Punctuality {
  flights: number
  late: number
}

export interface Route extends Punctuality {
  origin: string
  destination: string
  distance: number
  delaySum: number
}

export interface Flight {
  time: number
  delay: number
  distance: number
  origin: string
  destination: string
}

/** Everything the report tells, counted over all rows. */
export interface FlightFigures extends Punctuality {
  skipped: number
  from: number
  to: number
  early: number
  delays: Counts
  /** Delays by hour of the day. */
  hours: Counts[]
  /** [weekday][hour], Monday first. */
  week: Punctuality[][]
  /** By day since 1970. */
  days: Map<number, Punctuality>
  /** By distance, in bands of {@link DISTANCE_BAND} miles. */
  distances: Punctuality[]
  airports: Map<string, Punctuality & { arrivals: number }>
  routes: Map<string, Route>
  longest: Flight[]
}

const nobody = (): Punctuality => ({ flights: 0, late: 0 })
const delayCounts = () => createCounts(-1440, 2880)

export const createFlightTally = () => {
  const longest = createTop<Flight>(10, (flight) => flight.delay)
  const figures: FlightFigures = {
    ...nobody(),
    skipped: 0,
    from: Number.POSITIVE_INFINITY,
    to: Number.NEGATIVE_INFINITY,
    early: 0,
    delays: delayCounts(),
    hours: Array.from({ length: 24 }, delayCounts),
    week: Array.from({ length: 7 }, () => Array.from({ length: 24 }, nobody)),
    days: new Map(),
    distances: [],
    airports: new Map(),
    routes: new Map(),
    longest: longest.items,
  }

  const airport = (code: string) => entry(figures.airports, code, () => ({ ...nobody(), arrivals: 0 }))

  const addFlight = (flight: Flight) => {
    const { time, delay, distance, origin, destination } = flight
    const late = delay >= LATE_FROM ? 1 : 0
    const day = dayOf(time)
    const hour = hourOf(time)
    const route = entry(figures.routes, `${origin}–${destination}`, () => ({ ...nobody(), origin, destination, distance, delaySum: 0 }))
    const band = Math.floor(distance / DISTANCE_BAND)
    while (figures.distances.length <= band) figures.distances.push(nobody())
    for (const place of [
      figures,
      figures.week[weekdayOf(day)]?.[hour],
      entry(figures.days, day, nobody),
      figures.distances[band],
      airport(origin),
      route,
    ]) {
      if (!place) continue
      place.flights++
      place.late += late
    }
    if (delay < 0) figures.early++
    route.delaySum += delay
    airport(destination).arrivals++
    figures.delays.add(delay)
    figures.hours[hour]?.add(delay)
    if (time < figures.from) figures.from = time
    if (time > figures.to) figures.to = time
    if (delay > longest.threshold) longest.add(flight)
  }

  const add = (batch: Batch) => {
    const [times, delays, distances, origins, destinations] = batch.columns
    for (let row = 0; row < batch.rows; row++) {
      const flight = {
        time: toTime(times?.[row]),
        delay: toNumber(delays?.[row]),
        distance: toNumber(distances?.[row]),
        origin: toText(origins?.[row]),
        destination: toText(destinations?.[row]),
      }
      if (isUsable(flight)) addFlight(flight)
      else figures.skipped++
    }
  }

  return { figures, add }
}

/** No flight is longer than half the way round the Earth. The bound keeps a wild value from asking for a million bands. */
const LONGEST_FLIGHT = 12_500

const isUsable = ({ time, delay, distance, origin, destination }: Flight) =>
  Number.isFinite(time) && Number.isFinite(delay) && distance >= 0 && distance < LONGEST_FLIGHT && origin !== '' && destination !== ''
