import type { Job } from '@respond-async/core'
import { equal, ok, sameBody, sameHead, sameIds, sameJob } from '../assertions'
import { due, list } from '../optional-methods'
import { event, idOf, insertAll, job, next, parallel, T0, upTo } from '../records'
import { storeCase } from '../store-case'

const bytes = new Uint8Array([0, 255, 128])

export const compareAndSetCases = [
  storeCase('CAS1', 'writes the version that follows the stored one', async ({ a, b }) => {
    const first = job(1)
    const second = next(first, { status: 'running', attempt: 1 })
    const third = next(second, { status: 'succeeded', result: '{}' })
    await a.insert(first)
    equal(await a.replace(second), { replaced: true }, 'replace of version 1')
    equal(await b.replace(third), { replaced: true }, 'replace of version 2')
    sameJob(await a.get(first.id, 'full'), third, 'the stored job')
  }),
  storeCase('CAS2', 'replaces no job that is not there, and creates none', async ({ a, b }) => {
    equal(await a.replace(next(job(1))), { replaced: false, current: null }, 'replace')
    equal(await b.get(idOf(1), 'full'), null, 'the job')
  }),
  storeCase('CAS3', 'refuses a version that was written already, and returns what is stored', async ({ a, b }) => {
    const first = job(1, { requestBody: 'in' })
    const second = next(first, { status: 'running', attempt: 1 })
    await a.insert(first)
    await a.replace(second)
    for (const stale of [first, next(first, { status: 'canceled' })]) {
      const answer = await b.replace(stale)
      equal(answer.replaced, false, 'replaced')
      if (!answer.replaced) sameHead(answer.current, second, 'current')
    }
    sameJob(await b.get(first.id, 'full'), second, 'the stored job')
  }),
  storeCase('CAS4', 'refuses a version that skips one', async ({ a, b }) => {
    const first = job(1)
    await a.insert(first)
    const answer = await b.replace({ ...first, version: 3, status: 'running' })
    equal(answer.replaced, false, 'replaced')
    if (!answer.replaced) sameHead(answer.current, first, 'current')
    sameJob(await a.get(first.id, 'full'), first, 'the stored job')
  }),
  storeCase(
    'CAS5',
    'lets exactly one of many parallel writers of one version win, and returns the winner’s job to the others',
    async (opened) => {
      const first = job(1)
      await opened.a.insert(first)
      const answers = await parallel(40, opened, (store, n) => store.replace(next(first, { status: 'running', message: `worker ${n}` })))
      equal(answers.filter(({ replaced }) => replaced).length, 1, 'replaces that succeeded')
      const winner = next(first, { status: 'running', message: `worker ${answers.findIndex(({ replaced }) => replaced)}` })
      for (const answer of answers) if (!answer.replaced) sameHead(answer.current, winner, 'current of a loser')
      sameJob(await opened.b.get(first.id, 'full'), winner, 'the stored job')
    },
  ),
  storeCase('CAS6', 'loses no update of parallel writers that read again after they lost', async (opened) => {
    await opened.a.insert(job(1, { attempt: 0, requestBody: 'in' }))
    await parallel(12, opened, async (store) => {
      for (let current = await store.get(idOf(1), 'head'); ; ) {
        ok(current, 'the job should be there')
        const answer = await store.replace(next(current, { attempt: current.attempt + 1 }))
        if (answer.replaced) return
        current = answer.current
      }
    })
    sameJob(await opened.a.get(idOf(1), 'full'), job(1, { version: 13, attempt: 12, requestBody: 'in' }), 'the stored job')
  }),
  storeCase('CAS7', 'replaces the whole record instead of merging: what is absent from the next version is gone', async ({ a, b }) => {
    const first = job(1, {
      startedAt: 1,
      timeoutAt: 2,
      scheduledAt: 3,
      message: 'm',
      percentComplete: 4,
      meta: { a: 1, b: 2 },
      result: '1',
    })
    const second = next(job(1), { startedAt: undefined, meta: { b: 3 } })
    await a.insert(first)
    await a.replace(second)
    sameJob(await b.get(first.id, 'full'), second, 'the stored job')
  }),
  storeCase('CAS8', 'keeps a body that is undefined in the next version', async ({ a, b }) => {
    const first = job(1, { requestBody: 'in', responseBody: bytes })
    const { requestBody: _in, responseBody: _out, ...head } = next(first, { status: 'running' })
    await a.insert(first)
    await a.replace({ ...head, requestBody: undefined, responseBody: undefined })
    sameJob(await b.get(first.id, 'full'), { ...first, ...head }, 'the stored job after bodies that were undefined')
    await b.replace({ ...head, version: 3 })
    sameJob(await a.get(first.id, 'full'), { ...first, ...head, version: 3 }, 'the stored job after bodies that were absent')
  }),
  storeCase('CAS9', 'deletes a body that is null in the next version, and only that one', async ({ a, b }) => {
    const first = job(1, { requestBody: 'in', responseBody: bytes })
    await a.insert(first)
    await a.replace(next(first, { requestBody: null, responseBody: undefined }))
    const stored = await b.get(first.id, 'full')
    sameBody(stored?.requestBody, null, 'requestBody')
    sameBody(stored?.responseBody, bytes, 'responseBody')
  }),
  storeCase('CAS10', 'writes the bodies that the next version brings', async ({ a, b }) => {
    const first = job(1, { requestBody: 'in', responseBody: null })
    const second = next(first, { requestBody: bytes, responseBody: 'out' })
    await a.insert(first)
    await a.replace(second)
    sameJob(await b.get(first.id, 'full'), second, 'the stored job')
  }),
  storeCase('CAS11', 'changes no body in a replace that lost the comparison', async ({ a, b }) => {
    const first = job(1, { requestBody: 'in' })
    const second = next(first, { responseBody: 'winner' })
    await a.insert(first)
    await a.replace(second)
    await b.replace(next(first, { requestBody: null, responseBody: 'loser' }))
    sameJob(await b.get(first.id, 'full'), second, 'the stored job')
  }),
  storeCase('CAS12', 'replaces every one of many jobs at once, each with its new place in lists and in what is due', async (opened) => {
    const jobs = upTo(40).map((n) => job(n, { owner: 'ann', createdAt: T0 + n, dueAt: T0 + n }))
    await insertAll(opened.a, jobs)
    const after = jobs.map((one, n) => next(one, { revision: 2, status: 'running', message: `worker ${n}`, dueAt: T0 + 100 + n }))
    const answers = await parallel(40, opened, (store, n) => store.replace(after[n] as Job, [event(2)]))
    equal(answers.filter(({ replaced }) => replaced).length, 40, 'replaces that succeeded')
    for (const store of [opened.a, opened.b]) {
      for (const one of after) sameJob(await store.get(one.id, 'full'), one, `get(${one.id}, "full")`)
      if (store.capabilities.due) {
        sameIds(await due(store, T0 + 99, 100), [], 'what was due before')
        sameIds(await due(store, T0 + 200, 100), after, 'what is due later')
      }
      if (!store.capabilities.list) continue
      sameIds((await list(store, { owner: 'ann', status: 'running' })).jobs, [...after].reverse(), 'the running')
      sameIds((await list(store, { owner: 'ann', status: 'queued' })).jobs, [], 'the queued')
    }
  }),
]
