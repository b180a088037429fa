import { equal, refuses, sameJob } from '../assertions'
import { events } from '../optional-methods'
import { event, idOf, job, next, noise } from '../records'
import { storeCase } from '../store-case'

const smaller = (bytes: number, limit: number | null) => Math.min(bytes, limit ?? Number.POSITIVE_INFINITY)
const limitOf = (limit: number | null): number => limit ?? Number.NaN

export const sizeCases = [
  storeCase('BIG1', 'returns bodies of a megabyte whole', async ({ a, b }) => {
    const size = smaller(1_048_576, a.capabilities.maxBodyBytes)
    const bytes = noise(size)
    const text = '0123456789abcdé'.repeat(65_536).slice(0, size >> 1)
    const first = job(1, { requestBody: bytes, responseBody: text })
    await a.insert(first)
    sameJob(await b.get(first.id, 'full'), first, 'as it was inserted')
    const second = next(first, { requestBody: text, responseBody: bytes })
    await a.replace(second)
    sameJob(await b.get(first.id, 'full'), second, 'as it was replaced')
  }),
  storeCase('BIG2', 'returns a record of many kilobytes whole', async ({ a, b }) => {
    const size = smaller(800_000, a.capabilities.maxRecordBytes) >> 2 // the second record has more than two of these, and quotes
    const first = job(1, { meta: { text: 'x'.repeat(size), list: Array.from({ length: size >> 4 }, (_, n) => n % 10) } })
    await a.insert(first)
    sameJob(await b.get(first.id, 'full'), first, 'as it was inserted')
    const second = next(first, { result: JSON.stringify('y'.repeat(size)) })
    await b.replace(second)
    sameJob(await a.get(first.id, 'full'), second, 'as it was replaced')
  }),
  storeCase(
    'BIG3',
    'accepts a body of exactly the declared size, and returns it whole',
    async ({ a, b }) => {
      const first = job(1, { requestBody: new Uint8Array(limitOf(a.capabilities.maxBodyBytes)).fill(7) })
      await a.insert(first)
      sameJob(await b.get(first.id, 'full'), first, 'the stored job')
    },
    'maxBodyBytes',
  ),
  storeCase(
    'BIG4',
    'refuses to insert a larger body, counted in bytes, with too_large, and stores nothing of that job',
    async ({ a, b }) => {
      const limit = limitOf(a.capabilities.maxBodyBytes)
      for (const requestBody of [new Uint8Array(limit + 1), 'é'.repeat((limit >> 1) + 1)]) {
        const action = () => a.insert(job(1, { idempotencyKey: 'key', requestBody }), [event(1)])
        await refuses('too_large', action, `insert of a ${typeof requestBody} of more than ${limit} bytes`)
        equal(await b.get(idOf(1), 'full'), null, 'the job that was refused')
      }
      equal((await b.insert(job(2, { idempotencyKey: 'key' }))).inserted, true, 'whether its key is still free')
      if (b.capabilities.events) equal((await events(b, idOf(1), 0, 10)).events, [], 'its events')
    },
    'maxBodyBytes',
  ),
  storeCase(
    'BIG5',
    'refuses to replace a job with a larger body, and leaves the stored job as it was',
    async ({ a, b }) => {
      const limit = limitOf(a.capabilities.maxBodyBytes)
      const first = job(1, { requestBody: 'in', idempotencyKey: 'key' })
      await a.insert(first, [event(1)])
      for (const responseBody of [new Uint8Array(limit + 1), 'é'.repeat((limit >> 1) + 1)]) {
        const action = () => a.replace(next(first, { responseBody, idempotencyKey: undefined }), [event(2)])
        await refuses('too_large', action, `replace with a ${typeof responseBody} of more than ${limit} bytes`)
        sameJob(await b.get(first.id, 'full'), first, 'the stored job')
      }
      equal((await b.insert(job(2, { idempotencyKey: 'key' }))).job.id, first.id, 'the id that has the key')
      if (b.capabilities.events) equal((await events(b, first.id, 0, 10)).events, [event(1)], 'its events')
    },
    'maxBodyBytes',
  ),
  storeCase(
    'BIG6',
    'refuses a record larger than declared with too_large, and stores nothing of it',
    async ({ a, b }) => {
      const meta = { text: 'x'.repeat(limitOf(a.capabilities.maxRecordBytes)) }
      await refuses('too_large', () => a.insert(job(1, { meta })), 'insert')
      equal(await b.get(idOf(1), 'full'), null, 'the job that was refused')
      await a.insert(job(2))
      await refuses('too_large', () => a.replace(next(job(2), { meta })), 'replace')
      sameJob(await b.get(idOf(2), 'full'), job(2), 'the stored job')
    },
    'maxRecordBytes',
  ),
  storeCase(
    'BIG7',
    'accepts a body of exactly the declared size beside a large record',
    async ({ a, b }) => {
      const text = 'x'.repeat(0.9 * smaller(1_000_000, a.capabilities.maxRecordBytes))
      const body = new Uint8Array(limitOf(a.capabilities.maxBodyBytes)).fill(7)
      const first = job(1, { meta: { text }, requestBody: body })
      await a.insert(first)
      sameJob(await b.get(first.id, 'full'), first, 'as it was inserted')
      const second = next(first, { requestBody: null, responseBody: body })
      await a.replace(second)
      sameJob(await b.get(first.id, 'full'), second, 'as it was replaced')
    },
    'maxBodyBytes',
  ),
]
