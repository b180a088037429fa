import { equal, sameHead, sameJob } from '../assertions'
import { idOf, insertAll, job, next } from '../records'
import { storeCase } from '../store-case'

export const getCases = [
  storeCase('GET1', 'returns null for a job that is not there', async ({ a, b }) => {
    await a.insert(job(1))
    for (const view of ['head', 'full', undefined] as const) equal(await b.get(idOf(2), view), null, `get(…, ${view})`)
  }),
  storeCase('GET2', 'reads each of several jobs with its own bodies', async ({ a, b }) => {
    const jobs = [
      job(1, { requestBody: 'in 1', responseBody: 'out 1' }),
      job(2, { responseBody: 'out 2' }),
      job(3, { requestBody: 'in 3' }),
    ]
    await insertAll(a, jobs)
    for (const one of jobs) sameJob(await b.get(one.id, 'full'), one, `get(${one.id}, "full")`)
  }),
  storeCase('GET3', 'returns everything but the bodies as a head; a body that is not loaded is undefined, never null', async ({ a, b }) => {
    const given = job(1, {
      requestBody: 'in',
      responseBody: new Uint8Array([1, 2]),
      meta: { name: 'n' },
      response: { status: 200, headers: {}, size: 2 },
    })
    await a.insert(given)
    sameHead(await b.get(given.id, 'head'), given, 'get(…, "head")')
    sameHead(await b.get(given.id), given, 'get(…)')
    const later = next(given, { status: 'succeeded' })
    await a.replace(later)
    sameHead(await b.get(given.id, 'head'), later, 'get(…, "head") after a replace')
  }),
]
