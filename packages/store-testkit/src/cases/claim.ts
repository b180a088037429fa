import type { Job, JobStore } from '@respond-async/core'
import { equal, ok, sameHead, sameIds, sameJob, sameVersions } from '../assertions'
import { claim, due, events, list } from '../optional-methods'
import { event, idOf, job, next, noise, parallel, stone, T0 } from '../records'
import { type Need, type OpenedStore, storeCase } from '../store-case'

const claimCase = (id: string, title: string, check: (opened: OpenedStore) => Promise<void>, ...more: readonly Need[]) =>
  storeCase(id, title, check, 'claim', ...more)

/** What a start changes of the job. */
const START = {
  ...{ version: 2, revision: 2, status: 'running', attempt: 1 },
  ...{ startedAt: T0 + 5, updatedAt: T0 + 5, dueAt: T0 + 30_000, timeoutAt: T0 + 90_000 },
} as const satisfies Partial<Job>
const started = (before: Job): Job => next(before, START)

const bytes = noise(1_000)
/** Both bodies, and members that a claim does not change. */
const full = (n: number, more: Partial<Job> = {}): Job =>
  job(n, { owner: 'ann', idempotencyKey: `key ${n}`, requestBody: bytes, responseBody: 'out', meta: { n }, ...more })

const TEXT = 'a\u0000b \u001f "\'`\\ \r\n \u2028 \ufeff %_$1 e\u0301 \u05e9 日本 👩‍👩‍👧 \u{10ffff}'
const NUMBERS = [0, -1, 0.1, 33.333333333333336, 1e21, 5e-324, Number.MAX_SAFE_INTEGER, 1.7976931348623157e308]

/** Values that a store may lose if it decodes the record, sets some members and encodes it again. */
const DELICATE = job(1, {
  ...{ operation: TEXT, owner: TEXT, idempotencyKey: TEXT, message: '', estimateMs: Number.MAX_SAFE_INTEGER, percentComplete: 0.1 },
  ...{ createdAt: Number.MAX_SAFE_INTEGER, result: ' {"b" : 1.0, "a":1e2,\n"a":12345678901234567890, "é":"\\u00e9\\/"} ' },
  meta: { [TEXT]: TEXT, '': NUMBERS, none: null, list: [], object: {}, nested: [[], [{}], [null], { list: [] }], constructor: 1, '0': 0 },
  request: {
    ...{ method: 'POST', url: TEXT, headers: { 'x-list': ['b', 'a'], 'x-one': ['1'], 'x-empty': '' } },
    ...{ carry: { list: [], object: {}, numbers: NUMBERS, text: TEXT }, context: {} },
  },
  response: { status: 200, headers: { 'set-cookie': [] }, size: 3 },
  error: { code: TEXT, status: 500, title: '', message: TEXT },
  ...{ requestBody: TEXT, responseBody: Uint8Array.from({ length: 512 }, (_, at) => at) },
})

export const claimCases = [
  claimCase('CLM1', 'writes the changes over the version it was given, and returns the whole record', async ({ a, b }) => {
    await a.insert(full(1))
    const { claimed, job: returned } = await claim(b, idOf(1), 1, START, [event(2)])
    equal(claimed, true, 'claimed')
    sameJob(returned, started(full(1)), 'the returned job')
    for (const store of [a, b]) {
      sameJob(await store.get(idOf(1), 'full'), started(full(1)), 'the stored job')
      sameHead(await store.get(idOf(1), 'head'), started(full(1)), 'its head')
    }
  }),
  claimCase('CLM2', 'keeps members that the changes do not name exactly as they were', async ({ a, b }) => {
    await a.insert(DELICATE)
    sameJob((await claim(b, DELICATE.id, 1, START)).job, started(DELICATE), 'the returned job')
    sameJob(await a.get(DELICATE.id, 'full'), started(DELICATE), 'the stored job')
    const again = next(started(DELICATE), { attempt: 2 })
    sameJob((await claim(a, DELICATE.id, 2, { version: 3, attempt: 2 })).job, again, 'the returned job after another claim')
    sameJob(await b.get(DELICATE.id, 'full'), again, 'the stored job after another claim')
  }),
  claimCase('CLM3', 'clears members that are undefined in the changes, and writes those that are null', async ({ a, b }) => {
    await a.insert(full(1, { startedAt: T0, timeoutAt: T0, scheduledAt: T0, message: 'm', percentComplete: 4 }))
    const cleared = { startedAt: undefined, timeoutAt: undefined, message: undefined, percentComplete: undefined }
    const expected = full(1, { version: 2, scheduledAt: T0, dueAt: null })
    sameJob((await claim(a, idOf(1), 1, { ...cleared, version: 2, dueAt: null })).job, expected, 'the returned job')
    sameJob(await b.get(idOf(1), 'full'), expected, 'the stored job')
  }),
  claimCase('CLM4', 'changes nothing if the stored version is another, and returns the whole record as it is', async ({ a, b }) => {
    const second = next(full(1), { message: 'newer' })
    await a.insert(full(1))
    await a.replace(second)
    for (const version of [1, 0, 3]) {
      const { claimed, job: returned } = await claim(b, idOf(1), version, { ...START, version: version + 1 })
      equal(claimed, false, `claimed, of version ${version}`)
      sameJob(returned, second, `the job that a claim of version ${version} returned`)
    }
    sameJob(await a.get(idOf(1), 'full'), second, 'the stored job')
  }),
  claimCase('CLM5', 'claims no job that is not there, or no longer there, and creates none', async ({ a, b }) => {
    const nothing = { claimed: false, job: null }
    equal(await claim(a, idOf(1), 1, START), nothing, 'claim')
    await a.insert(full(1))
    await a.remove(idOf(1))
    equal(await claim(b, idOf(1), 1, START), nothing, 'claim of a removed job')
    equal(await b.get(idOf(1), 'full'), null, 'the job')
  }),
  claimCase('CLM6', 'lets exactly one of many parallel claims win, and returns the winner’s job to the others', async (opened) => {
    await opened.a.insert(full(1))
    const answers = await parallel(40, opened, (store, n) => claim(store, idOf(1), 1, { ...START, message: `worker ${n}` }))
    const winners = answers.filter(({ claimed }) => claimed)
    equal(winners.length, 1, 'claims that succeeded')
    const winner = started(full(1, { message: winners[0]?.job?.message }))
    for (const { job: returned } of answers) sameJob(returned, winner, 'the job that every claim returned')
    sameJob(await opened.b.get(idOf(1), 'full'), winner, 'the stored job')
  }),
  claimCase('CLM7', 'counts as a write: whoever saw the version before it has lost', async ({ a, b }) => {
    const first = full(1)
    const second = started(first)
    await a.insert(first)
    await claim(a, idOf(1), 1, START)
    const lost = await b.replace(next(first, { status: 'canceled' }))
    equal(lost.replaced, false, 'whether a replace of the version before the claim was written')
    if (!lost.replaced) sameHead(lost.current, second, 'current')
    equal(await b.remove(idOf(1), 1), false, 'whether the version before the claim was removed')
    equal((await claim(b, idOf(1), 1, START)).claimed, false, 'whether the version before the claim was claimed again')
    const third = next(second, { status: 'succeeded', result: '{}' })
    equal(await b.replace(third), { replaced: true }, 'replace of the claimed version')
    sameJob(await a.get(idOf(1), 'full'), third, 'the stored job')
  }),
  claimCase('CLM8', 'lets either a claim or another write of the same version succeed, never both', async ({ a, b }) => {
    const writes: ((store: JobStore, n: number) => Promise<boolean>)[] = [
      async (store, n) => (await store.replace(next(full(n), { status: 'canceled' }))).replaced,
      (store, n) => store.remove(idOf(n), 1),
    ]
    for (let n = 1; n <= 40; n++) {
      await a.insert(full(n))
      const take = async () => (await claim(a, idOf(n), 1, START)).claimed
      const write = () => (writes[n % 2] as (typeof writes)[number])(b, n)
      const [claimed, written] =
        n % 4 < 2 ? await Promise.all([take(), write()]) : await Promise.all([write(), take()]).then(([w, t]) => [t, w] as const)
      equal(claimed, !written, `whether it was claimed, where the other write says ${written}`)
      equal((await b.get(idOf(n), 'head'))?.status === 'running', claimed, 'whether the job is stored as running')
    }
  }),
  claimCase('CLM9', 'leaves a tombstone as it is', async ({ a, b }) => {
    const gone = stone(full(1))
    await a.insert(full(1))
    await a.replace(gone)
    const { claimed, job: returned } = await claim(b, idOf(1), 1, START)
    equal(claimed, false, 'claimed')
    sameJob(returned, gone, 'the returned job')
    sameJob(await a.get(idOf(1), 'full'), gone, 'the stored job')
  }),
  claimCase('CLM10', 'frees no key, and leaves other jobs alone', async ({ a, b }) => {
    for (const n of [1, 2]) await a.insert(full(n))
    await claim(a, idOf(1), 1, START)
    equal((await b.insert(job(3, { owner: 'ann', idempotencyKey: 'key 1' }))).job.id, idOf(1), 'the id that has the key')
    sameJob(await b.get(idOf(2), 'full'), full(2), 'the other job')
  }),
  claimCase('CLM11', 'does not change when a caller changes what it passed or got', async ({ a, b }) => {
    const passed: { -readonly [Name in keyof Job]?: Job[Name] } = { ...START, meta: { list: [1] } }
    const expected = started(full(1, { meta: { list: [1] } }))
    await a.insert(full(1))
    const won = await claim(a, idOf(1), 1, passed)
    const lost = await claim(a, idOf(1), 1, passed)
    Object.assign(Object(passed.meta), { list: 'spoiled' })
    for (const { job: got } of [won, lost]) {
      if (got?.requestBody instanceof Uint8Array) got.requestBody.fill(9)
      try {
        Object.assign(Object(got?.meta), { list: 'spoiled' })
      } catch {
        // frozen
      }
    }
    sameJob(await b.get(idOf(1), 'full'), expected, 'the stored job')
  }),
  claimCase(
    'CLM12',
    'moves the job to its new place in what is due',
    async ({ a, b }) => {
      await a.insert(full(1, { dueAt: T0 }))
      await a.insert(full(2, { dueAt: T0 + 60_000 }))
      await claim(a, idOf(1), 1, { version: 2, status: 'running', dueAt: T0 + 70_000 })
      for (const store of [a, b]) {
        sameIds(await due(store, T0 + 60_000, 10), [full(2)], 'what was due before the claim')
        const all = await due(store, T0 + 70_000, 10)
        sameIds(all, [full(2), full(1)], 'what is due later')
        sameHead(all[1], full(1, { version: 2, status: 'running', dueAt: T0 + 70_000 }), 'the claimed job')
      }
      await claim(b, idOf(2), 1, { version: 2, dueAt: null })
      sameIds(await due(a, T0 + 60_000, 10), [], 'what is due once the other is never due')
    },
    'due',
  ),
  claimCase(
    'CLM13',
    'moves the job to its new place in lists',
    async ({ a, b }) => {
      await a.insert(full(1))
      await claim(a, idOf(1), 1, START)
      for (const store of [a, b]) {
        sameIds((await list(store, { owner: 'ann', status: 'queued' })).jobs, [], 'the queued')
        const running = (await list(store, { owner: 'ann', status: 'running' })).jobs
        sameIds(running, [full(1)], 'the running')
        sameHead(running[0], started(full(1)), 'the claimed job')
      }
    },
    'list',
  ),
  claimCase(
    'CLM14',
    'writes its events with the claim, and none of a claim that lost',
    async (opened) => {
      const { a, b } = opened
      await a.insert(full(1), [event(1)])
      const line = (n: number) => event(2, { type: 'start', status: 'running', attempt: 1, message: `worker ${n}` })
      const answers = await parallel(20, opened, (store, n) => claim(store, idOf(1), 1, START, [line(n)]))
      await claim(b, idOf(1), 1, START, [event(2, { message: 'too late' })])
      await claim(b, idOf(2), 1, START, [event(2, { message: 'of no job' })])
      const winner = answers.findIndex(({ claimed }) => claimed)
      equal((await events(a, idOf(1), 0, 100)).events, [event(1), line(winner)], 'events')
      sameVersions((await events(a, idOf(2), 0, 100)).events, [], 'events of a job that is not there')
      ok(winner >= 0, 'one claim should succeed')
    },
    'events',
  ),
]
