import type { Job } from '@respond-async/core'
import { equal, sameHead, sameIds } from '../assertions'
import { allPages, claim, list } from '../optional-methods'
import { idOf, insertAll, job, next, stone, T0, upTo } from '../records'
import { type Need, type OpenedStore, storeCase } from '../store-case'

const allCase = (id: string, title: string, check: (opened: OpenedStore) => Promise<void>, ...more: readonly Need[]) =>
  storeCase(id, title, check, 'list', 'listAll', ...more)

/** Query for the jobs of all owners. */
const ALL = { owner: undefined } as const
const OWNERS = ['bob', null, 'ann', '', 'null', 'Ann', 'ann '] as const
/** Owners in turn, not sorted. */
const ownerOf = (n: number) => OWNERS[n % OWNERS.length] as string | null
const newestFirst = (jobs: readonly Job[]) => [...jobs].sort((x, y) => y.createdAt - x.createdAt || (x.id < y.id ? 1 : -1))
/** A number of jobs of owners in turn, a millisecond apart. */
const series = (from: number, to: number, more: Partial<Job> = {}): Job[] =>
  upTo(to - from + 1).map((n) => job(from + n - 1, { createdAt: T0 + from + n, owner: ownerOf(n), ...more }))

export const listAllCases = [
  allCase('ALL1', 'returns the jobs of all owners, and those without one, newest first, as they are stored', async ({ a, b }) => {
    const jobs = OWNERS.flatMap((owner, n) => [
      job(2 * n + 1, { owner, createdAt: T0 + n, meta: { n }, requestBody: 'in', retryOf: idOf(99) }),
      job(2 * n + 2, { owner, createdAt: T0 + 50 - n, status: 'succeeded', responseBody: 'out', result: '{"n": 1}' }),
    ])
    sameIds((await list(b, ALL)).jobs, [], 'the list before there is a job')
    await insertAll(a, jobs)
    const { jobs: found } = await list(b, ALL)
    sameIds(found, newestFirst(jobs), 'the list of all')
    for (const [index, one] of newestFirst(jobs).entries()) sameHead(found[index], one, `the list of all, ${index}`)
  }),
  allCase(
    'ALL2',
    'orders jobs that were created at the same time by id, whoever owns them, and returns each once over all pages',
    async ({ a, b }) => {
      const ids = ['b', 'B', '_', '-', '~', '.', '9', '10', 'aa', 'a', 'Z', 'a-b', 'a.b', 'ab']
      const jobs = [...ids.map((id, n) => job(n + 1, { id, owner: ownerOf(n), createdAt: T0 + 15 })), ...series(1, 20)]
      await insertAll(a, jobs)
      for (const limit of [1, 3, 33, 34, 35, 100]) sameIds(await allPages(b, { ...ALL, limit }), newestFirst(jobs), `all pages of ${limit}`)
    },
  ),
  allCase('ALL3', 'filters by one status, by several, and by operation', async ({ a, b }) => {
    const states = ['queued', 'running', 'succeeded', 'failed', 'canceled'] as const
    const of = (n: number) => ({
      status: states[n % 5] as Job['status'],
      operation: n % 3 ? 'x' : 'X',
      owner: ownerOf(n),
      createdAt: T0 + n,
    })
    const jobs = newestFirst(upTo(40).map((n) => job(n, of(n))))
    await insertAll(a, jobs)
    const some: readonly Job['status'][] = ['running', 'canceled']
    const filters: readonly (readonly [status: Job['status'] | readonly Job['status'][] | undefined, operation: string | undefined])[] = [
      ...states.map((status) => [status, undefined] as const),
      ...[
        [some, undefined] as const,
        [[...some, ...some], undefined] as const,
        [undefined, 'x'] as const,
        ['failed', 'X'] as const,
        [some, 'X'] as const,
        [[], undefined] as const,
      ],
      [undefined, 'none'],
    ]
    for (const [status, operation] of filters) {
      const expected = jobs.filter(
        (one) => (status === undefined || [status].flat().includes(one.status)) && (operation ?? one.operation) === one.operation,
      )
      for (const limit of [2, 100])
        sameIds(
          await allPages(b, { ...ALL, status, operation, limit }),
          expected,
          `${status ?? 'any state'} of ${operation ?? 'any operation'} by pages of ${limit}`,
        )
    }
  }),
  allCase('ALL4', 'loses and repeats nothing while jobs of all owners come, change and go between two pages', async ({ a, b }) => {
    const jobs = series(101, 130)
    await insertAll(a, jobs)
    const gone = new Set<string>()
    const found = await allPages(b, { ...ALL, limit: 4 }, async (page) => {
      await insertAll(a, series(200 + 7 * page, 206 + 7 * page)) // newer than all
      await a.insert(job(page, { createdAt: T0 + 110, owner: ownerOf(page) })) // older than some
      const [shown, changed] = newestFirst(jobs).slice(2 * page) as [Job, Job]
      gone.add(shown.id)
      await a.remove(shown.id)
      await a.replace(next(changed, { status: 'running' }))
    })
    const ids = found.map(({ id }) => id)
    equal(ids.length, new Set(ids).size, 'number of jobs without repetitions')
    const stayed = newestFirst(jobs).filter(({ id }) => !gone.has(id))
    sameIds(
      found.filter(({ id }) => stayed.some((one) => one.id === id)),
      stayed,
      'the jobs that were there all the time',
    )
  }),
  allCase('ALL5', 'leaves out tombstones', async ({ a, b }) => {
    const jobs = series(1, 8)
    await insertAll(a, jobs)
    for (const buried of jobs.slice(2, 5)) await a.replace(stone(buried))
    const left = newestFirst([...jobs.slice(0, 2), ...jobs.slice(5)])
    sameIds((await list(b, ALL)).jobs, left, 'the list of all')
    sameIds(await allPages(b, { ...ALL, limit: 1 }), left, 'the list of all by pages of 1')
    sameIds((await list(b, { ...ALL, status: 'queued' })).jobs, left, 'the list of the queued')
  }),
  allCase('ALL6', 'shows later changes and removals of a job in the list', async ({ a, b }) => {
    const jobs = series(1, 4)
    await insertAll(a, jobs)
    sameIds((await list(b, ALL)).jobs, newestFirst(jobs), 'the list before')
    const [first, second, third, fourth] = jobs as [Job, Job, Job, Job]
    const running = next(first, { status: 'running', message: 'm', updatedAt: T0 + 9 })
    await a.replace(running)
    await a.remove(second.id)
    const failed = next(third, { status: 'failed', finishedAt: T0 + 9 })
    await a.replace(failed)
    for (const store of [a, b]) {
      const { jobs: found } = await list(store, ALL)
      sameIds(found, [fourth, failed, running], 'the list after')
      sameHead(found[2], running, 'the job that was replaced')
      sameIds((await list(store, { ...ALL, status: 'running' })).jobs, [running], 'the running')
      sameIds((await list(store, { ...ALL, status: 'queued' })).jobs, [fourth], 'the queued')
    }
  }),
  allCase(
    'ALL7',
    'lists a claimed job in its new place',
    async ({ a, b }) => {
      const jobs = series(1, 3)
      await insertAll(a, jobs)
      await claim(a, idOf(2), 1, { version: 2, status: 'running', attempt: 1 })
      for (const store of [a, b]) {
        sameIds((await list(store, ALL)).jobs, newestFirst(jobs), 'the list of all')
        sameIds((await list(store, { ...ALL, status: 'running' })).jobs, jobs.slice(1, 2), 'the running')
        sameIds((await list(store, { ...ALL, status: 'queued' })).jobs, newestFirst([jobs[0] as Job, jobs[2] as Job]), 'the queued')
      }
    },
    'claim',
  ),
]
