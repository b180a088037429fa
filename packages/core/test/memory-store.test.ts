import { describe, expect, it } from 'vitest'
import { type Job, memoryStore } from '../src/index'
import { newRecord } from './record'

const noRoom = expect.objectContaining({ name: 'JobsError', code: 'store_full' })

const job = (n: number, more: Partial<Job> = {}) => newRecord({ id: `job-${n}`, createdAt: n, ...more })
const finished = (before: Job, more: Partial<Job> = {}): Job => ({
  ...before,
  ...{ version: before.version + 1, status: 'succeeded', finishedAt: 1 },
  ...more,
})
const idsIn = async (store: ReturnType<typeof memoryStore>) => (await store.list?.({ owner: null, limit: 100 }))?.jobs.map(({ id }) => id)

describe('a memory store that is full', () => {
  it('drops the job that finished first, and never an unfinished one', async () => {
    const store = memoryStore({ maxJobs: 3 })
    for (const n of [1, 2, 3]) await store.insert(job(n))
    await expect(store.insert(job(4))).rejects.toEqual(noRoom)
    for (const n of [2, 1]) await store.replace(finished(job(n)))
    await store.insert(job(4))
    expect(await idsIn(store)).toEqual(['job-4', 'job-3', 'job-1'])
    await store.insert(job(5))
    expect(await idsIn(store)).toEqual(['job-5', 'job-4', 'job-3'])
    await expect(store.insert(job(6))).rejects.toEqual(noRoom)
    await store.replace(finished(job(4)))
    await store.insert(job(6))
    expect(await idsIn(store)).toEqual(['job-6', 'job-5', 'job-3'])
  })

  it('drops nothing for what would find no room even so', async () => {
    const store = memoryStore({ maxBytes: 100 })
    await store.insert(job(1, { requestBody: 'x'.repeat(60) }))
    for (const n of [2, 3]) {
      await store.insert(job(n))
      await store.replace(finished(job(n), { result: '"small"' }))
    }
    await expect(store.insert(job(4, { requestBody: 'x'.repeat(50) }))).rejects.toEqual(noRoom)
    expect(await idsIn(store)).toEqual(['job-3', 'job-2', 'job-1'])
    await store.insert(job(5, { requestBody: 'x'.repeat(40) }))
    expect(await idsIn(store)).toEqual(['job-5', 'job-1'])
  })

  it('still knows that after it has dropped others', async () => {
    const store = memoryStore({ maxBytes: 100 })
    for (const n of [1, 2]) {
      await store.insert(job(n))
      await store.replace(finished(job(n), { responseBody: 'x'.repeat(60) })) // the second one drives out the first
    }
    await store.insert(job(3, { requestBody: 'x'.repeat(90) }))
    await store.insert(job(4))
    await store.replace(finished(job(4), { responseBody: 'x'.repeat(10) }))
    await expect(store.insert(job(5, { requestBody: 'x'.repeat(50) }))).rejects.toEqual(noRoom)
    expect(await idsIn(store)).toEqual(['job-4', 'job-3'])
  })

  it('drops the history with its job', async () => {
    const store = memoryStore({ maxJobs: 1, maxEvents: 5 })
    const event = { version: 1, at: 1, type: 'insert', status: 'queued', attempt: 0 } as const
    await store.insert(job(1), [event])
    await store.replace(finished(job(1)))
    await store.insert(job(2), [event])
    expect(await store.events?.('job-1', 0, 10)).toEqual({ events: [], truncated: false })
  })

  it('frees the id and the key of a job that it dropped', async () => {
    const store = memoryStore({ maxJobs: 1 })
    await store.insert(job(1, { idempotencyKey: 'key' }))
    await store.replace(finished(job(1, { idempotencyKey: 'key' })))
    expect(await store.insert(job(2))).toMatchObject({ inserted: true })
    await store.remove('job-2')
    expect(await store.insert(job(1, { idempotencyKey: 'key' }))).toMatchObject({ inserted: true })
  })

  it('counts the bytes of bodies and results, and drops no job to make room for its own result', async () => {
    const store = memoryStore({ maxBytes: 10 })
    await store.insert(job(1, { requestBody: 'äöü' }))
    await expect(store.insert(job(2, { requestBody: new Uint8Array(5) }))).rejects.toEqual(noRoom)
    await store.replace(finished(job(1), { requestBody: null, result: '123' }))
    const larger = finished(job(1, { version: 2 }), { result: '123', responseBody: '1234567' })
    await store.insert(job(3, { requestBody: '1' }))
    await expect(store.replace(larger)).rejects.toEqual(noRoom)
    expect(await store.get('job-1')).toMatchObject({ version: 2, result: '123' })
    await store.remove('job-3')
    await store.replace(larger)
    const tooLarge = finished(larger, { responseBody: '12345678901' })
    await expect(store.replace(tooLarge)).rejects.toMatchObject({ code: 'too_large' })
    expect(await store.get('job-1', 'full')).toMatchObject({ version: 3, responseBody: '1234567' })
    await store.insert(job(2, { requestBody: '1' }))
    expect(await idsIn(store)).toEqual(['job-2'])
  })

  it('stays within its bound over many jobs', async () => {
    const store = memoryStore({ maxJobs: 10 })
    for (let n = 1; n <= 1_000; n++) {
      await store.insert(job(n))
      await store.replace(finished(job(n)))
    }
    expect(await idsIn(store)).toEqual(Array.from({ length: 10 }, (_, n) => `job-${1_000 - n}`))
  })
})
