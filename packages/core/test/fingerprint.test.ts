import fc from 'fast-check'
import { expect, onTestFinished, test, vi } from 'vitest'
import { Fingerprint } from '../src/idempotency'

const encoder = new TextEncoder()
const form = (boundary: string, texts: readonly string[]) =>
  `${texts.map((text) => `--${boundary}\r\ncontent-disposition: form-data; name="a"\r\n\r\n${text}\r\n`).join('')}--${boundary}--\r\n`
const typed = (boundary: string) => `multipart/form-data; boundary=${boundary}`
const fingerprint = (mediaType: string, body: string) => new Fingerprint(mediaType).of('POST', '/a', body)

/** As of a body that is stored in chunks while it comes. */
function inChunks(mediaType: string, body: string, size: number): Promise<string> {
  const made = new Fingerprint(mediaType)
  const bytes = encoder.encode(body)
  for (let at = 0; at < bytes.length; at += size) made.add(bytes.subarray(at, at + size))
  return made.of('POST', '/a', null)
}

const texts = fc.array(fc.string({ unit: fc.constantFrom('-', 'a', 'ä', '\r\n', '----on', 'e'), maxLength: 40 }), { maxLength: 4 })
const sizes = fc.integer({ min: 1, max: 90 })

test('of a form is the same when it is built anew, wherever a chunk ends', () =>
  fc.assert(
    fc.asyncProperty(texts, sizes, async (parts, size) => {
      fc.pre(!form('', parts).includes('----one'))
      const [first, again] = [typed('----one'), typed('----two')]
      expect(await fingerprint(again, form('----two', parts))).toBe(await fingerprint(first, form('----one', parts)))
      expect(await inChunks(again, form('----two', parts), size)).toBe(await inChunks(first, form('----one', parts), size))
    }),
  ))

test('of a form is another one with another content', () =>
  fc.assert(
    fc.asyncProperty(texts, texts, sizes, async (parts, others, size) => {
      fc.pre(form('', parts) !== form('', others))
      const [mine, theirs] = [form('----one', parts), form('----one', others)]
      expect(await fingerprint(typed('----one'), mine)).not.toBe(await fingerprint(typed('----one'), theirs))
      expect(await inChunks(typed('----one'), mine, size)).not.toBe(await inChunks(typed('----one'), theirs, size))
    }),
  ))

test('of a form sees its last byte, and where its parts are divided', async () => {
  const of = (body: string) => fingerprint(typed('----one'), body)
  expect(await of('----one\r\n')).not.toBe(await of('----one\r\r'))
  expect(await of('ab----oneccccccccc')).not.toBe(await of('a----onebccccccccc'))
})

test.each([
  'multipart/form-data;boundary="----one"',
  'Multipart/Mixed; charset=utf-8; BOUNDARY=----one',
  'multipart/form-data; boundary=----one; charset=utf-8',
])('knows a form by %s', async (mediaType) => {
  const again = mediaType.replace('----one', '----two')
  expect(await fingerprint(again, form('----two', ['a']))).toBe(await fingerprint(mediaType, form('----one', ['a'])))
})

test.each(['application/json; boundary=----one', 'multipart/form-data', 'text/plain; x=multipart/form-data; boundary=----one', ''])(
  'compares what is no form byte for byte: %j',
  async (mediaType) => {
    expect(await fingerprint(mediaType, form('----two', ['a']))).not.toBe(await fingerprint(mediaType, form('----one', ['a'])))
  },
)

test('does not run away on a body that is made for it', async () => {
  const boundary = `${'a'.repeat(69)}b`
  const hostile = 'a'.repeat(8 * 1024 * 1024)
  expect(await fingerprint(typed(boundary), hostile)).toMatch(/^[0-9a-f]{64}$/)
  expect(await fingerprint(typed('a'), hostile)).toMatch(/^[0-9a-f]{64}$/)
})

test('replaces ten thousand boundaries, and no more: a hostile form has one at every byte', async () => {
  const parts = Array.from({ length: 9_999 }, () => '')
  expect(await fingerprint(typed('----two'), form('----two', parts))).toBe(await fingerprint(typed('----one'), form('----one', parts)))
  const fill = vi.spyOn(Uint8Array.prototype, 'fill')
  onTestFinished(() => fill.mockRestore())
  expect(await fingerprint(typed('a'), 'a'.repeat(100_000))).toBe(await inChunks(typed('a'), 'a'.repeat(100_000), 262_144))
  expect(fill.mock.calls.length).toBeLessThanOrEqual(2 * 10_000)
})
