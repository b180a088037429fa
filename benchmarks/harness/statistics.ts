export function quantile(sorted: ArrayLike<number>, share: number): number {
  const place = (sorted.length - 1) * share
  const below = sorted[Math.floor(place)] ?? Number.NaN
  const above = sorted[Math.ceil(place)] ?? Number.NaN
  return below + (above - below) * (place - Math.floor(place))
}

const median = (values: readonly number[]): number =>
  quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  )

/** Median of the distances from the median: the spread, not moved by single outliers. */
function spread(values: readonly number[]): number {
  const middle = median(values)
  return median(values.map((value) => Math.abs(value - middle)))
}

export interface Summary {
  readonly median: number
  /** Median absolute deviation. */
  readonly mad: number
  readonly values: readonly number[]
}

/** 95 % confidence: how far the median of that many rounds may be from the median of infinitely many, if they scatter evenly. */
export const errorOf = ({ mad, values }: Summary): number => (3.7 * mad) / Math.sqrt(values.length)

const round = (value: number) => Number(value.toPrecision(5))

export const summarize = (values: readonly number[]): Summary => ({
  median: round(median(values)),
  mad: round(spread(values)),
  values: values.map(round),
})
