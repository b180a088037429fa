/** How often each whole number of a range occurred. Keeps counts, not values, so any quantile is exact and memory is fixed. */
export interface Counts {
  readonly total: number
  readonly from: number
  add(value: number): void
  /** How many values lie in [low, high). */
  between(low: number, high: number): number
  /** The smallest value that at least this share of all values doesn't exceed. */
  quantile(share: number): number
}

/** Values outside of the range are counted at its ends. */
export const createCounts = (from: number, to: number): Counts => {
  const counts = new Float64Array(to - from + 1)
  let total = 0
  const clamp = (value: number) => Math.max(0, Math.min(counts.length, value - from))
  return {
    from,
    get total() {
      return total
    },
    add(value) {
      const at = Math.min(counts.length - 1, clamp(Math.round(value)))
      counts[at] = (counts[at] ?? 0) + 1
      total++
    },
    between(low, high) {
      let sum = 0
      for (let at = clamp(low); at < clamp(high); at++) sum += counts[at] ?? 0
      return sum
    },
    quantile(share) {
      const wanted = Math.max(1, Math.ceil(share * total))
      let seen = 0
      for (const [at, count] of counts.entries()) {
        seen += count
        if (seen >= wanted) return at + from
      }
      return to
    },
  }
}
