import { equal, sameIds, sameJob } from '../assertions'
import { due, list } from '../optional-methods'
import { idOf, job, next, T0 } from '../records'
import { storeCase } from '../store-case'

/** Number of tries: a store with stale reads does not always return one. */
const ROUNDS = 20

export const readYourWriteCases = [
  storeCase('RYW1', 'shows every write to the next read, through whichever handle', async ({ a, b }) => {
    for (let n = 1; n <= ROUNDS; n++) {
      const first = job(n, { requestBody: 'in' })
      const second = next(first, { status: 'running', requestBody: 'changed' })
      for (const store of [a, b]) equal(await store.get(first.id, 'full'), null, 'the job before it is inserted')
      await a.insert(first)
      for (const store of [a, b]) sameJob(await store.get(first.id, 'full'), first, 'the job once it is inserted')
      await b.replace(second)
      for (const store of [a, b]) sameJob(await store.get(first.id, 'full'), second, 'the job once it is replaced')
      await a.remove(first.id)
      for (const store of [a, b]) equal(await store.get(first.id, 'full'), null, 'the job once it is removed')
    }
  }),
  storeCase(
    'RYW2',
    'shows every write to the next list, through whichever handle',
    async ({ a, b }) => {
      const queued = { status: 'queued' } as const
      for (let n = 1; n <= ROUNDS; n++) {
        await a.insert(job(n))
        for (const store of [a, b]) sameIds((await list(store, queued)).jobs, [job(n)], 'the queued once the job is inserted')
        await b.replace(next(job(n), { status: 'running' }))
        for (const store of [a, b]) sameIds((await list(store, queued)).jobs, [], 'the queued once the job is running')
        for (const store of [a, b]) sameIds((await list(store)).jobs, [job(n)], 'all once the job is running')
        await a.remove(idOf(n))
        for (const store of [a, b]) sameIds((await list(store)).jobs, [], 'all once the job is removed')
      }
    },
    'list',
  ),
  storeCase(
    'RYW3',
    'shows every write to the next due, through whichever handle',
    async ({ a, b }) => {
      for (let n = 1; n <= ROUNDS; n++) {
        await a.insert(job(n, { dueAt: T0 }))
        for (const store of [a, b]) sameIds(await due(store, T0, 10), [job(n)], 'what is due once the job is inserted')
        await b.replace(next(job(n), { dueAt: T0 + 1 }))
        for (const store of [a, b]) sameIds(await due(store, T0, 10), [], 'what is due once the job is put off')
        for (const store of [a, b]) sameIds(await due(store, T0 + 1, 10), [job(n)], 'what is due later')
        await a.remove(idOf(n))
        for (const store of [a, b]) sameIds(await due(store, T0 + 1, 10), [], 'what is due once the job is removed')
      }
    },
    'due',
  ),
]
