import { equal, ok, sameVersions } from '../assertions'
import { events } from '../optional-methods'
import { event, idOf, job, next, parallel, T0, upTo } from '../records'
import { type OpenedStore, storeCase } from '../store-case'

const eventCase = (id: string, title: string, check: (opened: OpenedStore) => Promise<void>) => storeCase(id, title, check, 'events')

/** A job with one event of history for each version. */
async function withHistory({ a, b }: OpenedStore, n: number, versions: number): Promise<void> {
  let current = job(n)
  await a.insert(current, [event(1)])
  for (let version = 2; version <= versions; version++) {
    current = next(current)
    ok((await (version % 2 ? a : b).replace(current, [event(version)])).replaced, `version ${version} should be written`)
  }
}

export const historyCases = [
  eventCase('EVT1', 'keeps the events of insert and replace, with every member, oldest first', async ({ a, b }) => {
    const lines = [
      event(1),
      event(2, { type: 'start', status: 'running', attempt: 1 }),
      event(3, { attempt: 1, status: 'running', percentComplete: 33.333333333333336, message: 'é\u0000👩‍👧' }),
      event(4, { type: 'fail', status: 'failed', attempt: 1, code: 'handler_failed', at: T0 + 99, percentComplete: 0, message: '' }),
    ]
    await a.insert(job(1), lines.slice(0, 1))
    for (const [index, line] of lines.entries()) if (index > 0) await a.replace(job(1, { version: line.version }), [line])
    equal(await events(b, idOf(1), 0, 100), { events: lines, truncated: false }, 'events')
  }),
  eventCase('EVT2', 'returns the events after a version, and no more than the limit', async (opened) => {
    await withHistory(opened, 1, 10)
    const read = async (after: number, limit: number) => (await events(opened.b, idOf(1), after, limit)).events
    sameVersions(await read(0, 100), upTo(10), 'after 0')
    sameVersions(await read(7, 100), [8, 9, 10], 'after 7')
    sameVersions(await read(3, 2), [4, 5], 'after 3, at most 2')
    sameVersions(await read(10, 100), [], 'after the last')
  }),
  eventCase('EVT3', 'keeps no event of a replace that lost the comparison, or of an insert that was refused', async (opened) => {
    const { a, b } = opened
    await a.insert(job(1, { idempotencyKey: 'key' }), [event(1)])
    await b.insert(job(1), [event(1, { message: 'of a taken id' })])
    await b.insert(job(2, { idempotencyKey: 'key' }), [event(1, { message: 'of a taken key' })])
    const answers = await parallel(20, opened, (store, n) => store.replace(next(job(1)), [event(2, { message: `worker ${n}` })]))
    await b.replace(next(job(1)), [event(2, { message: 'too late' })])
    await b.replace(next(job(3)), [event(2, { message: 'of no job' })])
    const winner = answers.findIndex(({ replaced }) => replaced)
    equal((await events(a, idOf(1), 0, 100)).events, [event(1), event(2, { message: `worker ${winner}` })], 'events')
    for (const n of [2, 3]) equal((await events(a, idOf(n), 0, 100)).events, [], `events of job ${n}, which is not there`)
  }),
  eventCase('EVT4', 'keeps the histories of different jobs apart', async (opened) => {
    await withHistory(opened, 1, 3)
    await withHistory(opened, 2, 2)
    sameVersions((await events(opened.b, idOf(1), 0, 100)).events, [1, 2, 3], 'of the first')
    sameVersions((await events(opened.b, idOf(2), 0, 100)).events, [1, 2], 'of the second')
    equal(await events(opened.b, idOf(3), 0, 100), { events: [], truncated: false }, 'of a job that is not there')
  }),
  eventCase('EVT5', 'deletes the history with the job', async (opened) => {
    await withHistory(opened, 1, 3)
    equal(await opened.b.remove(idOf(1), 2), false, 'remove of another version')
    sameVersions((await events(opened.a, idOf(1), 0, 100)).events, [1, 2, 3], 'after a removal that was refused')
    await opened.a.remove(idOf(1))
    equal((await events(opened.b, idOf(1), 0, 100)).events, [], 'events of a removed job')
    await opened.a.insert(job(1), [event(1, { message: 'again' })])
    equal((await events(opened.b, idOf(1), 0, 100)).events, [event(1, { message: 'again' })], 'events of the job that has its id now')
  }),
  eventCase('EVT6', 'keeps the newest events without a gap, and says when older ones have been dropped', async (opened) => {
    await withHistory(opened, 1, 120)
    const all = await events(opened.b, idOf(1), 0, 1_000)
    const oldest = all.events[0]?.version ?? Number.NaN
    sameVersions(all.events, upTo(120).slice(oldest - 1), 'the versions from the oldest kept one on')
    equal(all.truncated, oldest > 1, `truncated, where the oldest kept version is ${oldest}`)
    equal((await events(opened.b, idOf(1), oldest - 1, 1_000)).truncated, false, 'truncated, after the last one that was dropped')
  }),
  eventCase('EVT7', 'keeps all events of one replace', async ({ a, b }) => {
    const lines = [event(2), event(2, { type: 'fail' }), event(2, { type: 'x' })]
    await a.insert(job(1))
    await a.replace(next(job(1)), lines)
    equal((await events(b, idOf(1), 1, 100)).events, lines, 'events')
  }),
]
