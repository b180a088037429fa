import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { offsetAfterEvent } from '../src/event-offset'
import { type LiveHost, ResponseBody } from '../src/live-body'
import type { BlobStore } from '../src/store'

/** Keeps what is written to it; a chunk is never shorter than it was. */
function blobs() {
  const chunks: Uint8Array[] = []
  const store: BlobStore = {
    maxBodyBytes: null,
    async write(_id, _name, index, chunk) {
      expect(chunk.length).toBeGreaterThanOrEqual(chunks[index]?.length ?? 0)
      chunks[index] = chunk.slice()
    },
    read: async (_id, _name, index) => chunks[index] ?? null,
    async remove() {},
  }
  return { store, bytes: () => Buffer.concat(chunks) }
}
const host = (offered: unknown[] = []): LiveHost => ({
  offer: async (head) => void offered.push(head),
  grown() {},
  failed(error) {
    throw error
  },
})
const tooMuch = () => new Error('too much')
const HEAD = { status: 200, headers: {} }

// First: the timer that all bodies share is not set yet.
test('a response that a handler begins when nobody waits for it any longer is not watched', () => {
  vi.useFakeTimers()
  const body = new ResponseBody(host(), undefined, () => 'a', 'response-1', 10_000, tooMuch)
  body.close()
  body.begin(
    () => HEAD,
    () => [],
  )
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

test('for any split of writes, and beats between them, what is shown is a beginning of what was written, and in the end all of it', async () => {
  const pieces = fc.array(fc.record({ size: fc.integer({ min: 0, max: 90_000 }), beats: fc.integer({ min: 0, max: 3 }) }), {
    maxLength: 12,
  })
  await fc.assert(
    fc.asyncProperty(pieces, fc.nat(3), async (split, begunAt) => {
      const { store, bytes } = blobs()
      const offered: unknown[] = []
      const body = new ResponseBody(host(offered), store, () => 'a', 'response-1', 10_000_000, tooMuch)
      let isLive = false
      const gathered: Uint8Array[] = []
      const written: Uint8Array[] = []
      const take = () => {
        isLive = true
        return gathered.splice(0)
      }
      for (const [at, { size, beats }] of split.entries()) {
        const piece = Uint8Array.from({ length: size }, (_, n) => (n * 31 + at) % 256)
        written.push(piece)
        if (at === begunAt) body.begin(() => HEAD, take)
        if (isLive) await body.write(piece)
        else gathered.push(piece)
        for (let beat = 0; beat < beats; beat++) {
          body.beat()
          await new Promise(setImmediate)
          const shown = bytes()
          expect(Buffer.compare(shown, Buffer.concat(written).subarray(0, shown.length))).toBe(0)
        }
      }
      await body.end()
      body.close()
      const all = Buffer.concat(written)
      if (!isLive) expect([offered.length, bytes().length]).toEqual([0, 0])
      else {
        expect(offered).toEqual([HEAD])
        expect(body.size).toBe(all.length)
        expect(Buffer.compare(body.whole ?? bytes(), all)).toBe(0)
      }
    }),
    { numRuns: 60 },
  )
})

test('a body that ends before it is looked at has written nothing', async () => {
  const { store, bytes } = blobs()
  const offered: unknown[] = []
  const body = new ResponseBody(host(offered), store, () => 'a', 'response-1', 1_000, tooMuch)
  body.begin(
    () => HEAD,
    () => [new Uint8Array(1)],
  )
  await body.end()
  expect([offered, bytes().length, body.whole]).toEqual([[], 0, undefined])
})

test('for any events in any pieces, a stream goes on after the event with the id and the comments that follow it, or from its beginning', async () => {
  const end = fc.constantFrom('\n', '\r', '\r\n')
  const event = fc.record({
    id: fc.constantFrom('1', '2', 'ä', ''),
    named: fc.boolean(),
    space: fc.boolean(),
    end,
    data: fc.constantFrom('x', 'id: 1', ':'),
    comments: fc.array(fc.constantFrom(': alive', ':', ': id: 1', ''), { maxLength: 3 }),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { maxLength: 8 }),
      fc.constantFrom('1', '2', 'ä', '9'),
      fc.integer({ min: 1, max: 7 }),
      async (events, id, step) => {
        const texts = events.map(({ id, named, space, end, data, comments }) =>
          [named ? [`id:${space ? ' ' : ''}${id}`] : [], `data: ${data}`, '', comments, ''].flat().join(end),
        )
        const last = events.findLastIndex((one) => one.named && one.id === id)
        const expected = Buffer.byteLength(texts.slice(0, last + 1).join(''))
        const bytes = Buffer.from(texts.join(''))
        const pieces: Uint8Array[] = []
        for (let at = 0; at < bytes.length; at += step) pieces.push(bytes.subarray(at, at + step))
        // As a field of a request comes: its bytes, one character each.
        expect(await offsetAfterEvent(pieces, Buffer.from(id).toString('latin1'))).toBe(expected)
      },
    ),
    { numRuns: 300 },
  )
})
