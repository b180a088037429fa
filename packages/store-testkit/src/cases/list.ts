import type { Job } from '@respond-async/core'
import { equal, ok, refuses, sameHead, sameIds } from '../assertions'
import { allPages, list } from '../optional-methods'
import { idOf, insertAll, job, next, stone, T0, upTo } from '../records'
import { type OpenedStore, storeCase } from '../store-case'

const listCase = (id: string, title: string, check: (opened: OpenedStore) => Promise<void>) => storeCase(id, title, check, 'list')

/** A number of jobs, a millisecond apart. */
const series = (from: number, to: number, more: Partial<Job> = {}): Job[] =>
  upTo(to - from + 1).map((n) => job(from + n - 1, { createdAt: T0 + from + n, ...more }))
const newestFirst = (jobs: readonly Job[]) => [...jobs].sort((x, y) => y.createdAt - x.createdAt || (x.id < y.id ? 1 : -1))

/** Names that become equal if a text is written as UTF-8 or in a smaller character set, ends at NUL, or is quoted by hand. */
const NAMES = ['x', 'x\ud800', 'x\ud801', 'x\ufffd', 'x\0', 'x\0y', '"x', '"x\\ud800"', '\u{10ffff}', '?', '\u{1f600}', '\u{1f601}']
/** Names that become equal in a column that is too short. */
const LONG_NAMES = ['1', '2', ''].map((end) => `${'n'.repeat(400)}${end}`)

/** A job for each name, which is that of its owner and of its operation. */
async function keptApart({ a, b }: OpenedStore, names: readonly string[]): Promise<void> {
  const jobs = names.map((name, n) => job(n + 1, { owner: name, operation: name }))
  await insertAll(a, jobs)
  for (const [n, name] of names.entries()) {
    const said = JSON.stringify(name)
    const { jobs: owned } = await list(b, { owner: name })
    sameIds(owned, [jobs[n] as Job], `the list of ${said}`)
    sameHead(owned[0], jobs[n] as Job, `the job of ${said}`)
    sameIds((await list(b, { owner: name, operation: name })).jobs, [jobs[n] as Job], `the list of ${said} of the operation ${said}`)
  }
}

export const listCases = [
  listCase('LST1', 'returns only the jobs of the owner, newest first, as they are stored', async ({ a, b }) => {
    const owners = [null, '', 'null', 'ann', 'Ann', 'ann ', 'bob']
    const jobs = owners.flatMap((owner, n) => [
      job(2 * n + 1, { owner, createdAt: T0 + n, meta: { n }, requestBody: 'in' }),
      job(2 * n + 2, { owner, createdAt: T0 + 50 - n, status: 'succeeded', responseBody: 'out' }),
    ])
    await insertAll(a, jobs)
    for (const owner of owners) {
      const { jobs: found } = await list(b, { owner })
      const expected = newestFirst(jobs.filter((one) => one.owner === owner))
      sameIds(found, expected, `the list of ${JSON.stringify(owner)}`)
      for (const [index, one] of expected.entries()) sameHead(found[index], one, `the list of ${JSON.stringify(owner)}, ${index}`)
    }
    sameIds((await list(b, { owner: 'eve' })).jobs, [], 'the list of an owner without jobs')
  }),
  listCase(
    'LST2',
    'orders jobs that were created at the same time by id, descending, character code by character code',
    async ({ a, b }) => {
      const jobs = ['b', 'B', '_', '-', '~', '.', '9', '10', 'aa', 'a', 'Z', 'a-b', 'a.b', 'ab'].map((id, n) => job(n + 1, { id }))
      await insertAll(a, jobs)
      sameIds((await list(b)).jobs, newestFirst(jobs), 'the list')
      sameIds(await allPages(b, { limit: 3 }), newestFirst(jobs), 'the list by pages of 3')
    },
  ),
  listCase('LST3', 'filters by one status, by several, and by operation', async ({ a, b }) => {
    const states = ['queued', 'running', 'succeeded', 'failed', 'canceled'] as const
    const jobs = newestFirst(
      states.flatMap((status, n) => ['x', 'X'].map((operation, m) => job(2 * n + m + 1, { status, operation, createdAt: T0 + n }))),
    )
    await insertAll(a, jobs)
    const where = (keep: (one: Job) => boolean) => jobs.filter(keep)
    for (const status of states)
      sameIds(
        (await list(b, { status })).jobs,
        where((one) => one.status === status),
        status,
      )
    const some: Job['status'][] = ['running', 'canceled']
    sameIds(
      (await list(b, { status: some })).jobs,
      where((one) => some.includes(one.status)),
      'two states',
    )
    sameIds(
      await allPages(b, { status: ['running', 'canceled', 'running'], limit: 2 }),
      where((one) => some.includes(one.status)),
      'a state named twice',
    )
    sameIds((await list(b, { status: [] })).jobs, [], 'no state')
    sameIds(
      (await list(b, { operation: 'x' })).jobs,
      where((one) => one.operation === 'x'),
      'an operation',
    )
    const both = where((one) => one.operation === 'X' && some.includes(one.status))
    sameIds((await list(b, { operation: 'X', status: some })).jobs, both, 'states and an operation')
    sameIds(
      await allPages(b, { operation: 'x', limit: 2 }),
      where((one) => one.operation === 'x'),
      'an operation by pages of 2',
    )
  }),
  listCase('LST4', 'leaves out tombstones', async ({ a, b }) => {
    await insertAll(a, series(1, 4))
    await a.replace(stone(series(2, 2)[0] as Job))
    sameIds((await list(b)).jobs, newestFirst([...series(1, 1), ...series(3, 4)]), 'the list')
    sameIds(await allPages(b, { limit: 1 }), newestFirst([...series(1, 1), ...series(3, 4)]), 'the list by pages of 1')
  }),
  listCase('LST5', 'returns each job once over all pages, even where a page ends between jobs of the same time', async ({ a, b }) => {
    const jobs = [...series(1, 10), ...upTo(15).map((n) => job(100 + n, { createdAt: T0 + 5 }))]
    await insertAll(a, jobs)
    for (const limit of [1, 4, 5, 24, 25, 26, 100]) {
      sameIds(await allPages(b, { limit }), newestFirst(jobs), `all pages of ${limit}`)
      const first = await list(b, { limit })
      ok(first.jobs.length === Math.min(limit, 25), `a page of ${limit} has ${first.jobs.length} jobs`)
    }
  }),
  listCase('LST6', 'loses and repeats nothing while jobs come and go between two pages', async ({ a, b }) => {
    const jobs = series(101, 130)
    await insertAll(a, jobs)
    const gone = new Set<string>()
    const found = await allPages(b, { limit: 4 }, async (page) => {
      await insertAll(a, series(200 + 3 * page, 202 + 3 * page)) // newer than all
      await a.insert(job(page, { createdAt: T0 + 110 })) // older than some
      const shown = newestFirst(jobs)[page] as Job
      gone.add(shown.id)
      await a.remove(shown.id)
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
  listCase('LST7', 'refuses a cursor that it did not issue', async ({ a }) => {
    await insertAll(a, series(1, 3))
    for (const cursor of ['', 'x', '!', '{}', 'null', '-1', '\u0000', 'é', '%00', 'AAAA', 'eyJhIjoxfQ==', "' OR 1=1 --", 'x'.repeat(5_000)])
      await refuses('invalid_cursor', () => list(a, { cursor, limit: 1 }), `list with the cursor ${JSON.stringify(cursor.slice(0, 20))}`)
  }),
  listCase('LST8', 'shows later changes and removals of a job in the list', async ({ a, b }) => {
    await insertAll(a, series(1, 3, { owner: 'ann' }))
    const [first, second] = series(1, 3, { owner: 'ann' }) as [Job, Job]
    const running = next(first, { revision: 2, status: 'running', message: 'm', updatedAt: T0 + 9 })
    await a.replace(running)
    await a.remove(second.id)
    const { jobs } = await list(b, { owner: 'ann' })
    sameIds(jobs, [job(3), job(1)], 'the list')
    sameHead(jobs[1], running, 'the job that was replaced')
    equal(
      jobs.some(({ id }) => id === idOf(2)),
      false,
      'whether the removed job is listed',
    )
  }),
  listCase('LST9', 'keeps owners and operations apart, whatever characters they contain', (opened) => keptApart(opened, NAMES)),
  listCase('LST10', 'continues from a cursor that another handle issued', async ({ a, b }) => {
    const jobs = series(1, 7)
    await insertAll(a, jobs)
    const found: Job[] = []
    let cursor: string | undefined
    for (const store of [a, b, a, b]) {
      const page = await list(store, { limit: 2, cursor })
      found.push(...page.jobs)
      cursor = page.cursor
    }
    sameIds(found, newestFirst(jobs), 'the pages of two handles in turn')
  }),
  listCase('LST11', 'keeps apart owners and operations whose names have hundreds of characters', (opened) => keptApart(opened, LONG_NAMES)),
]
