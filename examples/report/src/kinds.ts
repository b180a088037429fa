import { BIRD_STRIKE_COLUMNS } from './bird-strikes'
import { FLIGHT_COLUMNS } from './flights'
import { ReportError } from './report-error'

const KINDS = { flights: FLIGHT_COLUMNS, 'bird strikes': BIRD_STRIKE_COLUMNS } as const

type Kind = keyof typeof KINDS

/** What a file holds, and what it calls the columns, in the order in which a tally takes them. */
export interface Recognised {
  kind: Kind
  columns: string[]
}

const normal = (name: string) => name.trim().toLowerCase()

/** Tells flights from bird strikes by the columns' names. Their case and order are free, further columns are ignored. */
export const recognise = (columns: string[]): Recognised => {
  const known = new Map(columns.map((name) => [normal(name), name]))
  const candidates = (Object.keys(KINDS) as Kind[]).map((kind) => {
    const wanted: readonly string[] = KINDS[kind]
    const found = wanted.flatMap((name) => known.get(normal(name)) ?? [])
    return { kind, found, missing: wanted.filter((name) => !known.has(normal(name))) }
  })
  const match = candidates.find(({ missing }) => missing.length === 0)
  if (match) return { kind: match.kind, columns: match.found }

  const almost = candidates.find(({ found, missing }) => found.length > missing.length)
  if (almost) {
    throw new ReportError(
      'unknown_columns',
      `This looks like a file of ${almost.kind}, but it lacks ${list(almost.missing)}. ${wants(almost.kind)}`,
    )
  }
  const shown = columns.slice(0, 12).map((name) => (name.length > 40 ? `${name.slice(0, 40)}…` : name))
  throw new ReportError(
    'unknown_columns',
    `No report is known for the columns ${list(shown)}. ${(Object.keys(KINDS) as Kind[]).map(wants).join(' ')}`,
  )
}

const wants = (kind: Kind) => `A file of ${kind} needs the columns ${list(KINDS[kind])}.`

const list = (names: readonly string[]) => names.map((name) => `“${name}”`).join(', ')
