import type { Inserted } from '@respond-async/core'
import { equal, ok, sameHead, sameJob } from '../assertions'
import { due, events, list } from '../optional-methods'
import { event, idOf, job, parallel, T0 } from '../records'
import { type HandOvers, type OpenedStore, storeCase } from '../store-case'

const transactionCase = (id: string, title: string, check: (opened: OpenedStore, handOvers: HandOvers) => Promise<void>) =>
  storeCase(id, title, (opened) => check(opened, handOversOf(opened)), 'transaction')

function handOversOf({ handOvers }: OpenedStore): HandOvers {
  ok(handOvers, 'a store that names a kind of transaction is tried with hand-overs of that kind: give handOvers with a and b')
  return handOvers
}

async function fails(insert: Promise<Inserted>): Promise<void> {
  const answer = await insert.catch(() => undefined)
  ok(!answer, 'an insert whose hand-over fails should reject, but it resolved')
}

const withKey = job(1, { owner: 'ann', idempotencyKey: 'key', requestBody: 'in', dueAt: T0 })

export const transactionCases = [
  transactionCase('TRX1', 'carries out the hand-over with the insert, once', async ({ a, b }, { of, done }) => {
    const answer = await a.insert(withKey, [event(1)], of('one'))
    equal(answer.inserted, true, 'inserted')
    sameHead(answer.job, withKey, 'the returned job')
    equal(await done(), ['one'], 'what was done')
    sameJob(await b.get(idOf(1), 'full'), withKey, 'the stored job')
    if (b.capabilities.events) equal((await events(b, idOf(1), 0, 10)).events, [event(1)], 'its events')
  }),
  transactionCase('TRX2', 'carries out no hand-over if the id or the key is taken', async ({ a, b }, { of, done }) => {
    await a.insert(withKey)
    equal((await b.insert(job(1), [], of('id'))).inserted, false, 'inserted, with a taken id')
    const { inserted, job: returned } = await b.insert(job(2, { owner: 'ann', idempotencyKey: 'key' }), [], of('key'))
    equal(inserted, false, 'inserted, with a taken key')
    sameHead(returned, withKey, 'the returned job')
    equal(await done(), [], 'what was done')
  }),
  transactionCase(
    'TRX3',
    'rejects, inserts nothing and carries out nothing if the hand-over fails',
    async ({ a, b }, { failing, done }) => {
      await fails(a.insert(withKey, [event(1)], failing('one')))
      for (const store of [a, b]) {
        equal(await store.get(idOf(1), 'full'), null, 'the job')
        if (store.capabilities.due) equal(await due(store, T0, 10), [], 'what is due')
        if (store.capabilities.list) equal((await list(store, { owner: 'ann' })).jobs, [], 'the list')
        if (store.capabilities.events) equal((await events(store, idOf(1), 0, 10)).events, [], 'the events')
      }
      equal(await done(), [], 'what was done')
    },
  ),
  transactionCase('TRX4', 'leaves the id and the key free if the hand-over fails', async ({ a, b }, { of, failing }) => {
    for (const store of [a, b]) await fails(store.insert(withKey, [], failing('one')))
    const other = job(2, { owner: 'ann', idempotencyKey: 'key' })
    equal((await b.insert(other, [], of('two'))).inserted, true, 'whether the key was free')
    equal((await a.insert(job(1))).inserted, true, 'whether the id was free')
    sameJob(await a.get(idOf(1), 'full'), job(1), 'the job that has the id now')
    sameJob(await a.get(idOf(2), 'full'), other, 'the job that has the key now')
  }),
  transactionCase(
    'TRX5',
    'carries out exactly one hand-over for many jobs that come with the same key at once',
    async (opened, { of, done }) => {
      const answers = await parallel(20, opened, (store, n) => {
        const wanted = job(n + 1, { idempotencyKey: 'key' })
        return store.insert(wanted, [], of(wanted.id))
      })
      const winners = answers.filter(({ inserted }) => inserted)
      equal(winners.length, 1, 'inserts that succeeded')
      equal(await done(), [winners[0]?.job.id], 'what was done')
      for (const { job: returned } of answers) equal(returned.id, winners[0]?.job.id, 'the id that every insert returned')
    },
  ),
]
