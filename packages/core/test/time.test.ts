import fc from 'fast-check'
import { expect, test } from 'vitest'
import { httpDate, rfc3339 } from '../src/time'

test('as toISOString and toUTCString write it, whatever day was written before', () => {
  const at = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31, 23, 59, 59, 999) })
  fc.assert(
    fc.property(at, (time) => rfc3339(time) === new Date(time).toISOString() && httpDate(time) === new Date(time).toUTCString()),
    { numRuns: 2_000 },
  )
  for (const time of [0, 999, 86_399_999, 86_400_000, Date.UTC(2024, 1, 29, 23, 59, 59, 7)]) {
    expect(rfc3339(time)).toBe(new Date(time).toISOString())
    expect(httpDate(time)).toBe(new Date(time).toUTCString())
  }
})
