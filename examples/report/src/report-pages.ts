import { drawBirdStrikeCircumstances } from './bird-strike-circumstances'
import { drawBirdStrikeOverview } from './bird-strike-overview'
import { drawBirdStrikeRecords } from './bird-strike-records'
import { drawBirdStrikeSubjects } from './bird-strike-subjects'
import type { BirdStrikeFigures } from './bird-strikes'
import type { Canvas } from './canvas'
import { drawFlightOverview } from './flight-overview'
import { drawFlightPlaces } from './flight-places'
import { drawFlightRecords } from './flight-records'
import { drawFlightTimes } from './flight-times'
import type { FlightFigures } from './flights'

export type DrawPage = (canvas: Canvas) => void

const FLIGHT_PAGES = [drawFlightOverview, drawFlightTimes, drawFlightPlaces, drawFlightRecords]
const BIRD_STRIKE_PAGES = [drawBirdStrikeOverview, drawBirdStrikeCircumstances, drawBirdStrikeSubjects, drawBirdStrikeRecords]

export const flightPages = (figures: FlightFigures): DrawPage[] => FLIGHT_PAGES.map((draw) => (canvas) => draw(canvas, figures))

export const birdStrikePages = (figures: BirdStrikeFigures): DrawPage[] =>
  BIRD_STRIKE_PAGES.map((draw) => (canvas) => draw(canvas, figures))
