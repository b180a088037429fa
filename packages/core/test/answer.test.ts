import fc from 'fast-check'
import { expect, test } from 'vitest'
import { countUtf8, sizeOf } from '../src/answer'

test('a text is as large as its UTF-8, whoever counts it, lone surrogates and all', () => {
  const text = fc.array(
    fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\ud83d', '\ude00', '\ud83d\ude00', '\0', '\u07ff', '\u0800')),
  )
  fc.assert(
    fc.property(text, (pieces) => {
      const whole = pieces.join('')
      const { byteLength } = new TextEncoder().encode(whole)
      expect(countUtf8(whole)).toBe(byteLength)
      expect(sizeOf(whole)).toBe(byteLength)
    }),
    { numRuns: 2_000 },
  )
})
