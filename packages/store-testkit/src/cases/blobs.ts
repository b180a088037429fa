import type { BlobStore } from '@respond-async/core'
import { equal, ok } from '../assertions'
import { blobsOf, claim } from '../optional-methods'
import { idOf, job, next, noise, stone, T0 } from '../records'
import { type Need, type OpenedStore, storeCase } from '../store-case'

const blobCase = (id: string, title: string, check: (opened: OpenedStore) => Promise<void>, ...more: readonly Need[]) =>
  storeCase(id, title, check, 'blobs', ...more)

/** Chunk size of core, in bytes. */
const CHUNK_BYTES = 262_144

/** Ids that stores may confuse: prefixes of each other, patterns that match others, upper case, special names in a file system. */
const IDS = ['a', 'ab', 'a.b', 'a_b', 'axb', 'A', '.', '..', '~', 'a-request', '__proto__']
/** Names and chunk numbers that become equal if they are joined without a separator. */
const PLACES = [
  ['request', 0],
  ['request', 1],
  ['response-1', 0],
  ['response-1', 1],
  ['response-1', 10],
  ['response-1', 11],
  ['response-10', 0],
  ['response-10', 1],
  ['response-11', 0],
  ['response-2', 0],
] as const
const ALL = IDS.flatMap((id) => PLACES.map(([name, index]) => ({ id, name, index })))

/** A chunk that is unique for its place. */
const textOf = (id: string, name: string, index: number) => new TextEncoder().encode(`${id} ${name} ${index}`)

const writeAll = async (blobs: BlobStore, ids: readonly string[]) => {
  for (const { id, name, index } of ALL) if (ids.includes(id)) await blobs.write(id, name, index, textOf(id, name, index))
}

/** Checks that every chunk is as `writeAll` wrote it, or absent, as `stays` says. */
async function left(blobs: BlobStore, stays: (id: string, name: string) => boolean, what: string): Promise<void> {
  const found = await Promise.all(ALL.map(({ id, name, index }) => blobs.read(id, name, index))) // one by one is half a minute over HTTP
  for (const [at, { id, name, index }] of ALL.entries()) {
    const expected = stays(id, name) ? textOf(id, name, index) : null
    equal(found[at], expected, `chunk ${index} of ${name} of job ${id} ${what}`)
  }
}

/** The two bodies of a job, a chunk each. */
const NAMES = ['request', 'response-1']
const writeBoth = async (blobs: BlobStore, n: number) => {
  for (const name of NAMES) await blobs.write(idOf(n), name, 0, textOf(idOf(n), name, 0))
}
async function both(blobs: BlobStore, n: number, are: 'there' | 'gone', when: string): Promise<void> {
  for (const name of NAMES)
    equal(await blobs.read(idOf(n), name, 0), are === 'there' ? textOf(idOf(n), name, 0) : null, `${name} of job ${n} ${when}`)
}

export const blobCases = [
  blobCase('BLB1', 'returns chunks byte for byte, from 0 bytes to 256 KiB, even views into larger buffers', async ({ a, b }) => {
    const all = Uint8Array.from({ length: 768 }, (_, at) => at)
    const chunks = [
      ...[new Uint8Array(0), new Uint8Array([0]), all, all.subarray(300, 600), all.subarray(1, 1), noise(65_537), noise(CHUNK_BYTES)],
      ...[new TextEncoder().encode('\ufeff\u0000é\r\n'), noise(CHUNK_BYTES).subarray(0, CHUNK_BYTES - 1)],
    ]
    for (const [index, chunk] of chunks.entries()) await blobsOf(a).write(idOf(1), 'request', index, chunk)
    for (const [index, chunk] of chunks.entries())
      equal(await blobsOf(b).read(idOf(1), 'request', index), chunk, `chunk ${index}, of ${chunk.length} bytes`)
  }),
  blobCase('BLB2', 'returns null for a chunk, a body or a job that is not there', async ({ a, b }) => {
    equal(await blobsOf(a).read(idOf(1), 'request', 0), null, 'a chunk before anything is written')
    await blobsOf(a).write(idOf(1), 'request', 1, noise(10))
    equal(await blobsOf(b).read(idOf(1), 'request', 0), null, 'the chunk before')
    equal(await blobsOf(b).read(idOf(1), 'request', 2), null, 'the chunk after')
    equal(await blobsOf(b).read(idOf(1), 'response-1', 1), null, 'the other body')
    equal(await blobsOf(b).read(idOf(2), 'request', 1), null, 'the other job')
  }),
  blobCase('BLB3', 'returns a chunk that was written several times as it was written last', async ({ a, b }) => {
    for (const size of [10, 1_000, 5, 0, 7]) {
      const chunk = noise(size)
      await blobsOf(size % 2 ? a : b).write(idOf(1), 'response-1', 0, chunk)
      for (const store of [a, b]) equal(await blobsOf(store).read(idOf(1), 'response-1', 0), chunk, `the chunk of ${size} bytes`)
    }
  }),
  blobCase('BLB4', 'keeps chunks of different jobs, names and numbers apart', async ({ a, b }) => {
    await writeAll(blobsOf(a), IDS)
    await left(blobsOf(b), () => true, 'once all are written')
  }),
  blobCase('BLB5', 'removes all bodies of one job, and nothing of another', async ({ a, b }) => {
    await writeAll(blobsOf(a), IDS)
    for (const [at, id] of IDS.entries()) {
      await blobsOf(b).remove(id)
      await left(blobsOf(a), (other) => IDS.indexOf(other) > at, `once ${id} is removed`)
    }
  }),
  blobCase('BLB6', 'removes all bodies of a job except the one to keep', async ({ a, b }) => {
    await writeAll(blobsOf(a), IDS)
    await blobsOf(b).remove('a', 'response-1')
    await left(blobsOf(a), (id, name) => id !== 'a' || name === 'response-1', 'once all of a but response-1 is removed')
    await blobsOf(b).remove('a', 'response-3')
    await left(blobsOf(a), (id) => id !== 'a', 'once all of a but response-3, which is not there, is removed')
  }),
  blobCase('BLB7', 'removes nothing if there is nothing, without an error', async ({ a, b }) => {
    for (const store of [a, b]) {
      await blobsOf(store).remove(idOf(1))
      await blobsOf(store).remove(idOf(1), 'request')
    }
    await writeBoth(blobsOf(a), 1)
    for (const store of [a, b]) await blobsOf(store).remove(idOf(1))
    await both(blobsOf(b), 1, 'gone', 'once it is removed')
  }),
  blobCase('BLB8', 'shows a chunk, and its removal, to the next read, through whichever handle', async ({ a, b }) => {
    for (let n = 1; n <= 20; n++) {
      const [one, other] = n % 2 === 0 ? [a, b] : [b, a]
      for (const store of [a, b]) await both(blobsOf(store), 1, 'gone', 'before they are written')
      await writeBoth(blobsOf(one), 1)
      for (const store of [a, b]) await both(blobsOf(store), 1, 'there', 'once they are written')
      await blobsOf(other).remove(idOf(1))
    }
  }),
  blobCase('BLB9', 'deletes the chunks of a job that is removed, and of none that stays', async ({ a, b }) => {
    for (const n of [1, 2]) {
      await a.insert(job(n))
      await writeBoth(blobsOf(a), n)
    }
    equal(await a.remove(idOf(1), 2), false, 'remove of another version')
    await both(blobsOf(b), 1, 'there', 'after a removal that was refused')
    equal(await a.remove(idOf(1), 1), true, 'remove')
    for (const store of [a, b]) await both(blobsOf(store), 1, 'gone', 'after its removal')
    await both(blobsOf(b), 2, 'there', 'after the removal of another')
    await b.remove(idOf(2))
    await both(blobsOf(a), 2, 'gone', 'after its removal, of whatever version')
  }),
  blobCase('BLB10', 'deletes the chunks of a job that becomes a tombstone', async ({ a, b }) => {
    for (const n of [1, 2]) {
      await a.insert(job(n))
      await writeBoth(blobsOf(a), n)
    }
    const finished = next(job(1), { status: 'succeeded', finishedAt: T0, expiresAt: T0 + 1, result: '{}' })
    await a.replace(finished)
    await both(blobsOf(b), 1, 'there', 'once it is finished')
    equal((await b.replace(stone(job(1)))).replaced, false, 'whether a tombstone over a version that is gone was written')
    await both(blobsOf(b), 1, 'there', 'after a tombstone that was refused')
    equal((await b.replace(stone(finished))).replaced, true, 'whether the tombstone was written')
    for (const store of [a, b]) await both(blobsOf(store), 1, 'gone', 'once it is a tombstone')
    await both(blobsOf(a), 2, 'there', 'after the tombstone of another')
  }),
  blobCase('BLB11', 'accepts chunks before their job, and keeps them when it is inserted', async ({ a, b }) => {
    await writeBoth(blobsOf(a), 1)
    await both(blobsOf(b), 1, 'there', 'before its job is inserted')
    await b.insert(job(1))
    await both(blobsOf(b), 1, 'there', 'once its job is inserted')
    await a.insert(job(1))
    await both(blobsOf(b), 1, 'there', 'once its job was refused a second time')
    await a.replace(next(job(1), { requestBody: null, responseBody: null }))
    await both(blobsOf(b), 1, 'there', 'once the bodies beside the record are null')
  }),
  blobCase('BLB12', 'does not change when a caller changes a chunk that it passed or got', async ({ a, b }) => {
    const passed = noise(100)
    await blobsOf(a).write(idOf(1), 'request', 0, passed)
    passed.fill(9)
    const got = await blobsOf(a).read(idOf(1), 'request', 0)
    equal(got, noise(100), 'the chunk after the passed one was changed')
    got?.fill(9)
    equal(await blobsOf(b).read(idOf(1), 'request', 0), noise(100), 'the chunk after the one that was got was changed')
  }),
  blobCase('BLB13', 'declares its largest body as null or as a number of bytes', async ({ a, b }) => {
    for (const store of [a, b]) {
      const { maxBodyBytes: limit } = blobsOf(store)
      ok(
        limit === null || (Number.isSafeInteger(limit) && limit > 0),
        `blobs.maxBodyBytes should be null or a number of bytes, is ${limit}`,
      )
    }
  }),
  {
    ...blobCase('BLB14', 'returns a body of 50 MiB, or of its largest size if that is less, in chunks of 256 KiB', async ({ a, b }) => {
      const count = Math.max(1, Math.floor(Math.min(52_428_800, blobsOf(a).maxBodyBytes ?? 52_428_800) / CHUNK_BYTES))
      const chunk = noise(CHUNK_BYTES)
      const numbered = (index: number) => chunk.fill(index, 1_000, 2_000) // no two are the same
      for (let index = 0; index < count; index++) await blobsOf(a).write(idOf(1), 'response-1', index, numbered(index))
      for (let index = 0; index < count; index++)
        equal(await blobsOf(b).read(idOf(1), 'response-1', index), numbered(index), `chunk ${index} of ${count}`)
      await blobsOf(a).remove(idOf(1))
      for (const index of [0, count - 1])
        equal(await blobsOf(b).read(idOf(1), 'response-1', index), null, `chunk ${index} once it is removed`)
    }),
    timeoutMs: 180_000,
  },
  blobCase(
    'BLB15',
    'keeps chunks after the handle that wrote them is closed',
    async ({ a, b, reopen }) => {
      await a.insert(job(1))
      await writeBoth(blobsOf(a), 1)
      await a.close?.()
      if (b !== a) await both(blobsOf(b), 1, 'there', 'read through the other handle')
      await b.close?.()
      const again = await reopen?.()
      if (!again) return
      await both(blobsOf(again), 1, 'there', 'after it was opened again')
      await again.close?.()
    },
    'durable',
  ),
  blobCase(
    'BLB16',
    'keeps the chunks of a job that is claimed',
    async ({ a, b }) => {
      await a.insert(job(1))
      await writeBoth(blobsOf(a), 1)
      await claim(b, idOf(1), 1, { version: 2, status: 'running', attempt: 1 })
      await both(blobsOf(a), 1, 'there', 'once it is claimed')
    },
    'claim',
  ),
]
