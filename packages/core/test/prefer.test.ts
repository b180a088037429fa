import fc from 'fast-check'
import { expect, test } from 'vitest'
import { applied, parsePrefer } from '../src/prefer'

test.each([
  [null, {}],
  ['', {}],
  ['respond-async', { respondAsync: true }],
  ['Respond-Async, WAIT=10', { respondAsync: true, wait: 10 }],
  ['respond-async,wait=10;x=y, return = "minimal"', { respondAsync: true, wait: 10, minimal: true }],
  ['wait', { wait: Number.POSITIVE_INFINITY }],
  ['wait=5, wait=9', { wait: 5 }],
  ['return=representation, return=minimal', {}],
  ['wait=-1', {}],
  ['wait=1.5', {}],
  ['wait="7"', { wait: 7 }],
  ['wait="25', {}],
  ['foo="a, respond-async", handling=lenient', {}],
  [',, ,respond-async,,', { respondAsync: true }],
  ['"unclosed, respond-async', {}],
])('%s', (field, expected) => {
  const { respondAsync, minimal, wait } = parsePrefer(field)
  expect({ respondAsync, minimal, wait }).toEqual({ respondAsync: false, minimal: false, wait: undefined, ...expected })
})

test('nothing in it is ever an error, and a preference is found behind any other', () => {
  fc.assert(fc.property(fc.string(), (field) => typeof parsePrefer(field).respondAsync === 'boolean'))
  const token = fc.stringMatching(/^[a-z]{1,8}=[a-z0-9]{0,8}$/)
  fc.assert(fc.property(fc.array(token), (others) => parsePrefer([...others, 'respond-async'].join(', ')).respondAsync))
})

test('Preference-Applied lists what was honoured', () => {
  expect(applied('respond-async', false, 'wait=3')).toEqual({ 'Preference-Applied': 'respond-async, wait=3' })
  expect(applied(false)).toEqual({})
})
