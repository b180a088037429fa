import type { Job } from '@respond-async/core'
import { equal, ok, sameHead, sameIds, sameJob } from '../assertions'
import { due, list } from '../optional-methods'
import { event, idOf, job, next, parallel, T0, upTo } from '../records'
import { storeCase } from '../store-case'

/** All kinds of valid ids, and names that a plain object already has. */
const ODD_IDS = [
  '.',
  '..',
  '-',
  '~',
  '_',
  '0',
  'a',
  'A',
  'a.json',
  '__proto__',
  'constructor',
  'toString',
  'x'.repeat(128),
  'X'.repeat(128),
]

export const insertCases = [
  storeCase('INS1', 'inserts a new job and returns it', async ({ a, b }) => {
    const given = job(1, { requestBody: 'in' })
    const { inserted, job: returned } = await a.insert(given)
    equal(inserted, true, 'inserted')
    sameHead(returned, given, 'the returned job')
    sameJob(await b.get(given.id, 'full'), given, 'the stored job')
  }),
  storeCase('INS2', 'does not insert a job whose id is taken, and changes nothing of the job that has it', async ({ a, b }) => {
    const first = job(1, { message: 'first', requestBody: 'first', idempotencyKey: 'key' })
    await a.insert(first)
    const { inserted, job: returned } = await b.insert(job(1, { message: 'second', requestBody: 'second', idempotencyKey: 'other key' }))
    equal(inserted, false, 'inserted')
    sameHead(returned, first, 'the returned job')
    sameJob(await a.get(first.id, 'full'), first, 'the stored job')
    equal((await a.insert(job(2, { idempotencyKey: 'other key' }))).inserted, true, 'whether the key of the refused job is still free')
  }),
  storeCase('INS3', 'returns the job that has a taken id as it is stored now, not as it was inserted', async ({ a, b }) => {
    const first = job(1)
    const second = next(first, { status: 'running' })
    await a.insert(first)
    await a.replace(second)
    sameHead((await b.insert(job(1))).job, second, 'the returned job')
  }),
  storeCase('INS4', 'inserts exactly one of many jobs that come with the same id at once', async (opened) => {
    const answers = await parallel(40, opened, (store, n) => store.insert(job(1, { message: `number ${n}` })))
    const winners = answers.filter(({ inserted }) => inserted)
    equal(winners.length, 1, 'inserts that succeeded')
    for (const { job: returned } of answers) equal(returned.message, winners[0]?.job.message, 'the job that every insert returned')
  }),
  storeCase('INS5', 'keeps ids of every allowed shape apart', async ({ a, b }) => {
    for (const id of ODD_IDS) {
      equal(await a.get(id, 'full'), null, `get(${id}) before it is inserted`)
      equal((await a.insert(job(1, { id, message: id }))).inserted, true, `insert(${id})`)
    }
    for (const id of ODD_IDS) sameJob(await b.get(id, 'full'), job(1, { id, message: id }), `get(${id})`)
  }),
  storeCase('INS6', 'accepts events with a job, whether it keeps a history or not', async ({ a, b }) => {
    const { inserted } = await a.insert(job(1), [{ version: 1, at: 1, type: 'insert', status: 'queued', attempt: 0 }])
    ok(inserted, 'an insert with events should be inserted')
    const { replaced } = await b.replace(next(job(1)), [{ version: 2, at: 2, type: 'start', status: 'running', attempt: 1 }])
    ok(replaced, 'a replace with events should be written')
  }),
  storeCase('INS7', 'inserts every one of many jobs that come at once, each with its place in lists and in what is due', async (opened) => {
    const jobs = upTo(40).map((n) => job(n, { owner: 'ann', idempotencyKey: `key ${n}`, createdAt: T0 + n, dueAt: T0 + n }))
    const answers = await parallel(40, opened, (store, n) => store.insert(jobs[n] as Job, [event(1)]))
    equal(answers.filter(({ inserted }) => inserted).length, 40, 'inserts that succeeded')
    for (const store of [opened.a, opened.b]) {
      for (const one of jobs) sameJob(await store.get(one.id, 'full'), one, `get(${one.id}, "full")`)
      if (store.capabilities.due) sameIds(await due(store, T0 + 40, 100), jobs, 'what is due')
      if (store.capabilities.list) sameIds((await list(store, { owner: 'ann' })).jobs, [...jobs].reverse(), 'the list')
    }
    for (const n of upTo(40))
      equal((await opened.a.insert(job(99, { owner: 'ann', idempotencyKey: `key ${n}` }))).job.id, idOf(n), `the id that has key ${n}`)
  }),
]
