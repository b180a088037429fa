import type { Inserted } from '@respond-async/core'
import { equal, ok, sameHead, sameJob } from '../assertions'
import { due, events, list } from '../optional-methods'
import { event, idOf, job, parallel, T0 } from '../records'
import { type OpenedStore, storeCase } from '../store-case'

const transactionCase = (id: string, title: string, check: (opened: OpenedStore) => Promise<void>) =>
  storeCase(id, title, check, 'transaction')

/** How long a read from outside may be held up while the transaction is open, in milliseconds. A store may let it wait for the end. */
const PATIENCE_MS = 500

/** What a hand-over fails with: an error of another package, with members of its own. */
class Refused extends Error {
  readonly code = 'queue_down'
}

/** The insert rejects with what its `within` threw: that very object. */
async function failsWith(error: unknown, insert: () => Promise<Inserted>): Promise<void> {
  const caught = await insert().then(
    (answer) => ({ answer }),
    (thrown: unknown) => ({ thrown }),
  )
  ok('thrown' in caught, 'an insert whose within throws should reject, but it resolved')
  ok(
    caught.thrown === error,
    `an insert should reject with the very error that its within threw, it rejected with ${String(caught.thrown)}`,
  )
}

const withKey = job(1, { owner: 'ann', idempotencyKey: 'key', requestBody: 'in', dueAt: T0 })

export const transactionCases = [
  transactionCase('TRX1', 'runs within once, in a transaction, before an insert resolves', async ({ a, b }) => {
    const seen: unknown[] = []
    let over = false
    const answer = await a.insert(withKey, [event(1)], async (transaction) => {
      seen.push(transaction)
      await new Promise((resolve) => setTimeout(resolve, 5))
      over = true
    })
    equal(seen.length, 1, 'calls of within')
    ok(seen[0] !== undefined && seen[0] !== null, 'within should be given a transaction')
    ok(over, 'insert should wait for what within returns')
    equal(answer.inserted, true, 'inserted')
    sameHead(answer.job, withKey, 'the returned job')
    sameJob(await b.get(idOf(1), 'full'), withKey, 'the stored job')
    if (b.capabilities.events) equal((await events(b, idOf(1), 0, 10)).events, [event(1)], 'its events')
  }),
  transactionCase('TRX2', 'does not run within where the id or the key is taken', async ({ a, b }) => {
    let calls = 0
    const within = async () => void calls++
    await a.insert(withKey)
    equal((await b.insert(job(1), [], within)).inserted, false, 'inserted, with a taken id')
    const { inserted, job: returned } = await b.insert(job(2, { owner: 'ann', idempotencyKey: 'key' }), [], within)
    equal(inserted, false, 'inserted, with a taken key')
    sameHead(returned, withKey, 'the returned job')
    equal(calls, 0, 'calls of within')
  }),
  transactionCase('TRX3', 'inserts nothing where within throws, and rejects with the same', async ({ a, b }) => {
    const error = new Refused('the queue is down')
    await failsWith(error, () => a.insert(withKey, [event(1)], () => Promise.reject(error)))
    for (const store of [a, b]) {
      equal(await store.get(idOf(1), 'full'), null, 'the job')
      if (store.capabilities.due) equal(await due(store, T0, 10), [], 'what is due')
      if (store.capabilities.list) equal((await list(store, { owner: 'ann' })).jobs, [], 'the list')
      if (store.capabilities.events) equal((await events(store, idOf(1), 0, 10)).events, [], 'the events')
    }
  }),
  transactionCase('TRX4', 'leaves the id and the key free where within throws', async ({ a, b }) => {
    const error = new Refused('the queue is down')
    for (const store of [a, b]) await failsWith(error, () => store.insert(withKey, [], () => Promise.reject(error)))
    const other = job(2, { owner: 'ann', idempotencyKey: 'key' })
    equal((await b.insert(other)).inserted, true, 'whether the key was free')
    equal((await a.insert(job(1))).inserted, true, 'whether the id was free')
    sameJob(await a.get(idOf(1), 'full'), job(1), 'the job that has the id now')
    sameJob(await a.get(idOf(2), 'full'), other, 'the job that has the key now')
  }),
  transactionCase('TRX5', 'shows the job to nobody before within has resolved', async ({ a, b }) => {
    let answered: { readonly job: unknown } | undefined
    let read: Promise<void> | undefined
    await a.insert(withKey, [], async () => {
      read = b.get(idOf(1), 'head').then((job) => {
        answered ??= { job }
      })
      await Promise.race([read, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))])
      const during = answered
      if (during) equal(during.job, null, 'the job, read while within was running')
    })
    await read
    sameJob(await b.get(idOf(1), 'full'), withKey, 'the job once it is inserted')
  }),
  transactionCase('TRX6', 'runs within for one of many jobs that come with one key at once', async (opened) => {
    const ran: string[] = []
    const answers = await parallel(20, opened, (store, n) => {
      const wanted = job(n + 1, { idempotencyKey: 'key' })
      return store.insert(wanted, [], async () => void ran.push(wanted.id))
    })
    const winners = answers.filter(({ inserted }) => inserted)
    equal(winners.length, 1, 'inserts that succeeded')
    equal(ran, [winners[0]?.job.id], 'the jobs for which within ran')
    for (const { job: returned } of answers) equal(returned.id, winners[0]?.job.id, 'the id that every insert returned')
  }),
  transactionCase('TRX7', 'gives the key to whoever came while within was running, if that fails', async ({ a, b }) => {
    const error = new Refused('the queue is down')
    let second: Promise<Inserted> | undefined
    let calls = 0
    const insertSecond = () => b.insert(job(2, { owner: 'ann', idempotencyKey: 'key' }), [], async () => void calls++)
    const first = () =>
      a.insert(withKey, [], async () => {
        second = insertSecond()
        second.catch(() => {}) // looked at below
        await new Promise((resolve) => setTimeout(resolve, 50))
        throw error
      })
    await failsWith(error, first)
    equal((await second)?.inserted, true, 'whether the second was inserted')
    equal(calls, 1, 'calls of its within')
    equal(await a.get(idOf(1), 'head'), null, 'the first')
    sameHead(await a.get(idOf(2), 'head'), job(2, { owner: 'ann', idempotencyKey: 'key', requestBody: null }), 'the second')
  }),
]
