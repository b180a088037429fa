import { equal, ok, sameHead, sameIds } from '../assertions'
import { due } from '../optional-methods'
import { idOf, insertAll, job, next, stone, T0, upTo } from '../records'
import { type OpenedStore, storeCase } from '../store-case'

const dueCase = (id: string, title: string, check: (opened: OpenedStore) => Promise<void>) => storeCase(id, title, check, 'due')

export const dueCases = [
  dueCase(
    'DUE1',
    'returns the jobs whose time is at or before the given one, soonest first, and never those without a time',
    async ({ a, b }) => {
      const times = [T0 + 5, null, T0 + 1, T0 + 6, T0 - 1_000, T0 + 4, null, 0, Number.MAX_SAFE_INTEGER]
      await insertAll(
        a,
        times.map((dueAt, n) => job(n + 1, { dueAt })),
      )
      equal(
        (await due(b, T0 + 5, 100)).map(({ dueAt }) => dueAt),
        [0, T0 - 1_000, T0 + 1, T0 + 4, T0 + 5],
        'due(T0 + 5)',
      )
      equal(
        (await due(b, T0 + 4, 100)).map(({ dueAt }) => dueAt),
        [0, T0 - 1_000, T0 + 1, T0 + 4],
        'due(T0 + 4)',
      )
      equal((await due(b, Number.MAX_SAFE_INTEGER, 100)).length, 7, 'number of those that are ever due')
    },
  ),
  dueCase('DUE2', 'returns the soonest jobs when more are due than the limit', async ({ a, b }) => {
    await insertAll(
      a,
      upTo(20).map((n) => job(n, { dueAt: T0 + ((n * 7) % 20) })),
    )
    equal(
      (await due(b, T0 + 100, 3)).map(({ dueAt }) => dueAt),
      [T0, T0 + 1, T0 + 2],
      'due times',
    )
  }),
  dueCase('DUE3', 'loses none of many jobs that are due at the same time, however small the limit', async ({ a, b }) => {
    const jobs = upTo(25).map((n) => job(n, { dueAt: T0 + (n > 20 ? 1 : 0) }))
    await insertAll(a, jobs)
    const seen: string[] = []
    for (let round = 0; round < 10; round++) {
      const batch = await due(b, T0 + 1, 4)
      ok(batch.length <= 4, `due(…, 4) gave ${batch.length} jobs`)
      for (const one of batch) {
        seen.push(one.id)
        ok((await b.replace(next(one, { dueAt: null }))).replaced, 'a due job should be replaced')
      }
    }
    equal([...seen].sort(), jobs.map(({ id }) => id).sort(), 'the ids of all that were due')
  }),
  dueCase('DUE4', 'returns jobs of every state and every owner, tombstones too, as they are stored', async ({ a, b }) => {
    const jobs = [
      job(1, { dueAt: T0 + 1, owner: 'ann', requestBody: 'in', meta: { a: 1 } }),
      job(2, { dueAt: T0 + 2, owner: '', status: 'running' }),
      job(3, { dueAt: T0 + 3, status: 'succeeded', responseBody: 'out' }),
      job(4, { dueAt: T0 + 4, status: 'failed' }),
      job(5, { dueAt: T0 + 5, status: 'canceled', operation: 'other' }),
    ]
    await insertAll(a, jobs)
    const gone = stone(job(6), { dueAt: T0 + 6 })
    await a.insert(job(6, { dueAt: T0 + 60 }))
    await a.replace(gone)
    const found = await due(b, T0 + 10, 100)
    sameIds(found, [...jobs, gone], 'due')
    for (const [index, expected] of [...jobs, gone].entries()) sameHead(found[index], expected, `due[${index}]`)
  }),
  dueCase('DUE5', 'shows later changes and removals of a job in what is due', async ({ a, b }) => {
    await insertAll(
      a,
      upTo(4).map((n) => job(n, { dueAt: T0 })),
    )
    await a.replace(next(job(1, { dueAt: T0 }), { dueAt: null }))
    await a.replace(next(job(2, { dueAt: T0 }), { dueAt: T0 + 10 }))
    await a.remove(idOf(3))
    await a.replace(job(4, { version: 5, dueAt: T0 + 20 })) // loses
    sameIds(await due(b, T0, 100), [job(4)], 'due now')
    sameIds(await due(b, T0 + 100, 100), [job(4), job(2)], 'due later')
  }),
]
