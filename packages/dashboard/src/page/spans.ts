/** Spans of time that people know, in milliseconds: the marks of an axis whose steps grow. */
const SPANS = [1, 10, 100, 1_000, 10_000, 60_000, 600_000, 3_600_000, 21_600_000, 86_400_000, 864_000_000]

/** The nearest of them around a range. */
export function aroundSpans(min: number, max: number): { readonly min: number; readonly max: number } {
  const below = SPANS.findLast((span) => span <= min) ?? 1
  const above = SPANS.find((span) => span >= max && span > below) ?? max
  return { min: below, max: above }
}

export const roundSpans = (min: number, max: number): number[] => SPANS.filter((span) => span >= min && span <= max)
