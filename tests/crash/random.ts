/** Numbers that are the same for the same seed (mulberry32). */
export function randomFrom(seed: number) {
  let state = seed | 0
  const number = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  return {
    number,
    between: (low: number, high: number) => low + Math.floor(number() * (high - low + 1)),
    of: <T>(items: readonly T[]): T | undefined => items[Math.floor(number() * items.length)],
  }
}
