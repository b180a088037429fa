import { equal, sameJob } from '../assertions'
import { idOf, job, next, parallel } from '../records'
import { storeCase } from '../store-case'

export const removalCases = [
  storeCase('REM1', 'removes a job, and says whether there was one', async ({ a, b }) => {
    await a.insert(job(1))
    await a.insert(job(2))
    equal(await b.remove(idOf(1)), true, 'remove')
    equal(await a.remove(idOf(1)), false, 'remove again')
    equal(await a.get(idOf(1), 'full'), null, 'the removed job')
    sameJob(await a.get(idOf(2), 'full'), job(2), 'the other job')
  }),
  storeCase('REM2', 'removes nothing if the stored version is another', async ({ a, b }) => {
    const stored = next(job(1, { requestBody: 'in', responseBody: 'out' }))
    await a.insert({ ...stored, version: 1 })
    await a.replace(stored)
    for (const version of [1, 3, 0]) equal(await b.remove(idOf(1), version), false, `remove of version ${version}`)
    sameJob(await a.get(idOf(1), 'full'), stored, 'the stored job')
    equal(await b.remove(idOf(1), 2), true, 'remove of version 2')
    equal(await a.get(idOf(1), 'full'), null, 'the removed job')
  }),
  storeCase('REM3', 'frees the id and the key, and leaves no body behind', async ({ a, b }) => {
    await a.insert(job(1, { owner: 'ann', idempotencyKey: 'key', requestBody: 'in', responseBody: 'out' }))
    await a.remove(idOf(1), 1)
    equal((await b.insert(job(2, { owner: 'ann', idempotencyKey: 'key' }))).inserted, true, 'whether the key was free')
    equal((await b.insert(job(1, { requestBody: undefined, responseBody: undefined }))).inserted, true, 'whether the id was free')
    sameJob(await a.get(idOf(1), 'full'), job(1), 'the job that has the id now')
  }),
  storeCase('REM4', 'reports exactly one of many parallel removals as the one that removed the job', async (opened) => {
    await opened.a.insert(job(1))
    const answers = await parallel(20, opened, (store) => store.remove(idOf(1), 1))
    equal(answers.filter(Boolean).length, 1, 'removals that removed')
  }),
  storeCase('REM5', 'lets either a removal or a replace of the same version succeed, never both', async ({ a, b }) => {
    for (let n = 1; n <= 20; n++) {
      await a.insert(job(n))
      const write = () => a.replace(next(job(n), { status: 'running' }))
      const erase = () => b.remove(idOf(n), 1)
      const [{ replaced }, removed] =
        n % 2 === 0
          ? await Promise.all([write(), erase()])
          : await Promise.all([erase(), write()]).then(([gone, written]) => [written, gone] as const)
      equal(replaced, !removed, `whether it was replaced, where removed is ${removed}`)
      equal((await b.get(idOf(n), 'head')) !== null, replaced, 'whether the job is still there')
    }
  }),
]
