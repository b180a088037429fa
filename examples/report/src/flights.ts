import { dayOf, hourOf, weekdayOf } from './calendar'
import { type Counts, createCounts } from './counts'
import { entry } from './entry'
import { createTop } from './ranking'
import { type Batch, toNumber, toText, toTime } from './table'

export const FLIGHT_COLUMNS = ['date', 'delay', 'distance', 'origin', 'destination'] as const

/** Minutes from which a flight counts as late: the measure of the US Department of Transportation. */
export const LATE_FROM = 15
export const DISTANCE_BAND = 250
/** No flight is longer than half the way round the Earth. The bound keeps a wild value from asking for a million bands. */
const LONGEST_FLIGHT = 12_500

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

export interface Airport extends Punctuality {
  code: string
  /** The routes that begin here, by destination. */
  routes: Map<string, Route>
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
  /** Every airport, even where flights only arrive. */
  airports: Map<string, Airport>
  longest: Flight[]
}

// What is counted for millions of rows is spelled out below and never spread: V8 up to Node 20 counts five times slower in spread objects.
const nobody = (): Punctuality => ({ flights: 0, late: 0 })
const delayCounts = () => createCounts(-1440, 2880)

export const createFlightTally = () => {
  const longest = createTop<Flight>(10, (flight) => flight.delay)
  const figures: FlightFigures = {
    flights: 0,
    late: 0,
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
    longest: longest.items,
  }

  const openAirport = (code: string): Airport => ({ flights: 0, late: 0, code, routes: new Map() })
  const airport = (code: string) => entry(figures.airports, code, openAirport)
  // Most files are in order of time, so the last row's day is the next row's day too.
  let today = Number.NaN
  let todaysFlights = nobody()

  const addFlight = (time: number, delay: number, distance: number, origin: string, destination: string) => {
    const late = delay >= LATE_FROM
    const day = dayOf(time)
    const hour = hourOf(time)
    if (day !== today) {
      today = day
      todaysFlights = entry(figures.days, day, nobody)
    }
    const start = airport(origin)
    const route = start.routes.get(destination) ?? openRoute(start, airport(destination), distance)
    const band = Math.floor(distance / DISTANCE_BAND)
    while (figures.distances.length <= band) figures.distances.push(nobody())
    const reach = figures.distances[band] ?? nobody()
    const slot = figures.week[weekdayOf(day)]?.[hour] ?? nobody()
    // Written out: a shared function would see objects of six shapes, which engines make several times slower.
    figures.flights++
    todaysFlights.flights++
    start.flights++
    route.flights++
    reach.flights++
    slot.flights++
    if (late) {
      figures.late++
      todaysFlights.late++
      start.late++
      route.late++
      reach.late++
      slot.late++
    }
    if (delay < 0) figures.early++
    route.delaySum += delay
    figures.delays.add(delay)
    figures.hours[hour]?.add(delay)
    if (time < figures.from) figures.from = time
    if (time > figures.to) figures.to = time
    if (delay > longest.threshold) longest.add({ time, delay, distance, origin, destination })
  }

  const add = (batch: Batch) => {
    const [times, delays, distances, origins, destinations] = batch.columns
    // Millions of rows pass here: no object is made for a row.
    for (let row = batch.start; row < batch.end; row++) {
      const time = toTime(times?.[row])
      const delay = toNumber(delays?.[row])
      const distance = toNumber(distances?.[row])
      const origin = toText(origins?.[row])
      const destination = toText(destinations?.[row])
      const usable = !Number.isNaN(time + delay) && distance >= 0 && distance < LONGEST_FLIGHT && origin !== '' && destination !== ''
      if (usable) addFlight(time, delay, distance, origin, destination)
      else figures.skipped++
    }
  }

  return { figures, add }
}

const openRoute = (from: Airport, to: Airport, distance: number): Route => {
  const route = { flights: 0, late: 0, origin: from.code, destination: to.code, distance, delaySum: 0 }
  from.routes.set(to.code, route)
  return route
}
