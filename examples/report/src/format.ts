import { format } from 'd3-format'

/** `1,234,567` */
export const count = format(',')

/** `1 flight`, `2,000 flights` */
export const counted = (value: number, noun: string) => `${count(value)} ${noun}${value === 1 ? '' : 's'}`

const tenths = format('.1%')

/** `20.8%`. What is there but rounds to nothing is `<0.1%`. */
export const percent = (value: number) => (value > 0 && value < 0.0005 ? '<0.1%' : tenths(value))

/** `21%` */
export const wholePercent = format('.0%')

/** `$40.5 million`, `$668,183` */
export const dollars = (value: number) => (value >= 1e6 ? `$${format(',.1f')(value / 1e6)} million` : `$${format(',.0f')(value)}`)

/** `$40.5M` */
export const shortDollars = (value: number) => (value >= 1e6 ? `$${format(',.1f')(value / 1e6)}M` : dollars(value))

/** `28 h 8 min`, `−4 min` */
export const minutes = (value: number) => {
  const [hours, rest] = [Math.floor(Math.abs(value) / 60), Math.round(Math.abs(value) % 60)]
  const text = hours === 0 ? `${rest} min` : rest === 0 ? `${hours} h` : `${hours} h ${rest} min`
  return value < 0 ? `−${text}` : text
}

/** A part of a whole, 0 when there is no whole. */
export const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole)
