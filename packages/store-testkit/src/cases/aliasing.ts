import type { Job } from '@respond-async/core'
import { equal, sameJob } from '../assertions'
import { due, events, list } from '../optional-methods'
import { event, job, next, T0 } from '../records'
import { storeCase } from '../store-case'

/** A job that is not frozen, as an application would make it. */
export const loose = (): Job =>
  structuredClone(
    job(1, {
      ...{ meta: { list: [1] }, error: { code: 'c', status: 500, title: 't', message: 'm' } },
      request: { method: 'POST', url: '/', headers: { 'x-list': ['a'] }, carry: { user: { id: 1 } } },
      ...{ response: { status: 200, headers: { 'x-a': 'b' }, size: 3 } },
    }),
  )

/** Changes whatever can be changed in a record. An immutable one throws, which is as good as a copy. */
export function spoil(value: unknown): void {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return
  for (const member of Object.values(value)) spoil(member)
  for (const name of [...Object.keys(value), 'spoiled']) {
    try {
      Object.assign(value, { [name]: 'spoiled' })
    } catch {
      // frozen
    }
  }
}

export const aliasingCases = [
  storeCase('ALI1', 'does not change when a caller later changes a job that it passed', async ({ a, b }) => {
    const given = loose()
    const expected = loose()
    await a.insert(given)
    spoil(given)
    sameJob(await b.get(expected.id, 'full'), expected, 'the stored job after the inserted one was changed')
    const after = structuredClone(next(expected, { message: 'm', meta: { list: [2] } }))
    const expectedAfter = structuredClone(after)
    await a.replace(after)
    spoil(after)
    sameJob(await b.get(expected.id, 'full'), expectedAfter, 'the stored job after the replacing one was changed')
  }),
  storeCase('ALI2', 'does not change when a caller changes a job that it got', async ({ a, b }) => {
    const expected = loose()
    const { job: inserted } = await a.insert(loose())
    const { job: refused } = await a.insert(loose())
    const lost = await a.replace(loose())
    const read = [await a.get(expected.id, 'full'), await a.get(expected.id, 'head'), lost.replaced ? null : lost.current]
    const found = [a.capabilities.due ? await due(a, T0 + 60_000, 10) : [], a.capabilities.list ? (await list(a)).jobs : []]
    spoil([inserted, refused, ...read, ...found])
    sameJob(await b.get(expected.id, 'full'), expected, 'the stored job')
  }),
  storeCase('ALI3', 'does not change when a caller later changes bytes that it passed', async ({ a, b }) => {
    const passed = new Uint8Array([1, 2, 3])
    const first = job(1, { requestBody: passed })
    await a.insert(first)
    passed.fill(9)
    sameJob(await b.get(first.id, 'full'), job(1, { requestBody: new Uint8Array([1, 2, 3]) }), 'the stored job')
    const later = new Uint8Array([4, 5, 6])
    await a.replace(next(job(1), { requestBody: undefined, responseBody: later }))
    later.fill(9)
    const expected = { requestBody: new Uint8Array([1, 2, 3]), responseBody: new Uint8Array([4, 5, 6]) }
    sameJob(await b.get(first.id, 'full'), next(job(1), expected), 'the stored job after a replace')
  }),
  storeCase('ALI4', 'does not change when a caller changes bytes that it got', async ({ a, b }) => {
    const expected = job(1, { requestBody: new Uint8Array([1, 2, 3]) })
    const { job: inserted } = await a.insert(job(1, { requestBody: new Uint8Array([1, 2, 3]) }))
    for (const got of [inserted, await a.get(expected.id, 'full'), await a.get(expected.id, 'head')])
      if (got?.requestBody instanceof Uint8Array) got.requestBody.fill(9)
    sameJob(await b.get(expected.id, 'full'), expected, 'the stored job')
  }),
  storeCase(
    'ALI5',
    'does not change when a caller changes events that it passed or got',
    async ({ a, b }) => {
      const passed = [{ ...event(1) }]
      await a.insert(job(1), passed)
      spoil(passed)
      const got = await events(a, job(1).id, 0, 10)
      equal(got.events, [event(1)], 'the events after the passed ones were changed')
      spoil(got)
      equal((await events(b, job(1).id, 0, 10)).events, [event(1)], 'the events after those that were got were changed')
    },
    'events',
  ),
]
