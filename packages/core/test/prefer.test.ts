import fc from 'fast-check'
import { expect, test } from 'vitest'
import { applied, callbackUrl, parsePrefer } from '../src/prefer'

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

test.each([
  [null, undefined],
  ['', undefined],
  ['callback', undefined],
  ['other; url="https://a.example/1", callback', undefined],
  ['respond-async, callback; url="https://a.example/1?of=a,b"', 'https://a.example/1?of=a,b'],
  ['wait=5, Callback;URL=https://a.example/1', 'https://a.example/1'],
  ['callback; x=y; url = "https://a.example/\\"1\\""; z', 'https://a.example/"1"'],
  ['callback; url=https://a.example/1; z=2, callback; url=https://a.example/2', 'https://a.example/1'],
])('who is to be told in %s', (field, expected) => {
  expect(callbackUrl(field)).toBe(expected)
})

test('Preference-Applied lists what was honoured', () => {
  expect(applied('respond-async', false, 'wait=3')).toEqual({ 'Preference-Applied': 'respond-async, wait=3' })
  expect(applied(false)).toEqual({})
})
