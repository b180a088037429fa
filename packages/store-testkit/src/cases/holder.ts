import type { Job } from '@respond-async/core'
import { equal, sameHead, sameJob } from '../assertions'
import { claim, holder } from '../optional-methods'
import { idOf, insertAll, job, next, stone, T0 } from '../records'
import { type Need, type OpenedStore, storeCase } from '../store-case'
import { loose, spoil } from './aliasing'
import { KEYS, PAIRS } from './key'

const holderCase = (id: string, title: string, check: (opened: OpenedStore) => Promise<void>, ...more: readonly Need[]) =>
  storeCase(id, title, check, 'holder', ...more)

const keyed = job(1, { owner: 'ann', idempotencyKey: 'key', fingerprint: 'f', meta: { n: 1 }, requestBody: 'in' })

export const holderCases = [
  holderCase('HOL1', 'finds the job that has a key, as it is now, through whichever handle', async ({ a, b }) => {
    const running = next(keyed, { status: 'running', attempt: 1, message: 'm' })
    const finished = next(running, { status: 'succeeded', finishedAt: T0 + 1, result: '{"n": 1.0}', responseBody: 'out' })
    equal(await holder(b, 'ann', 'key'), null, 'the holder before there is a job')
    await insertAll(a, [job(2, { owner: 'ann' }), keyed])
    for (const store of [a, b]) sameHead(await holder(store, 'ann', 'key'), keyed, 'the holder')
    for (const version of [running, finished]) {
      await a.replace(version)
      for (const store of [b, a]) sameHead(await holder(store, 'ann', 'key'), version, `the holder when it is ${version.status}`)
    }
  }),
  holderCase('HOL2', 'confuses no two pairs of owner and key, and takes no name of an owner for "no owner"', async ({ a, b }) => {
    const all = [...PAIRS, ...KEYS.map((key) => ['ann', key] as const)]
    for (const [n, [owner, key]] of all.entries()) {
      const pair = JSON.stringify([owner, key])
      equal(await holder(b, owner, key), null, `the holder for ${pair}, before there is one`)
      await a.insert(job(n + 1, { owner, idempotencyKey: key }))
      equal((await holder(b, owner, key))?.id, idOf(n + 1), `the id for ${pair}`)
    }
    for (const [n, [owner, key]] of all.entries())
      equal((await holder(a, owner, key))?.id, idOf(n + 1), `the id for ${JSON.stringify([owner, key])} among all`)
  }),
  holderCase('HOL3', 'finds nothing once the key is free because its job was removed, is gone, or has another key', async ({ a, b }) => {
    const [removed, gone, renamed] = [1, 2, 3].map((n) => job(n, { owner: 'ann', idempotencyKey: `key ${n}` })) as [Job, Job, Job]
    await insertAll(a, [removed, gone, renamed])
    equal(await a.remove(removed.id, 2), false, 'whether another version was removed')
    equal((await a.replace(stone(next(gone)))).replaced, false, 'whether a tombstone of another version was written')
    for (const one of [removed, gone, renamed])
      sameHead(await holder(b, 'ann', String(one.idempotencyKey)), one, 'the holder after writes that lost')
    await a.remove(removed.id, 1)
    await a.replace(stone(gone))
    await a.replace(next(renamed, { idempotencyKey: 'new' }))
    for (const store of [a, b]) {
      equal(await holder(store, 'ann', 'key 1'), null, 'the holder that was removed')
      equal(await holder(store, 'ann', 'key 2'), null, 'the holder that is gone')
      equal(await holder(store, 'ann', 'key 3'), null, 'the holder that has another key now')
      equal((await holder(store, 'ann', 'new'))?.id, renamed.id, 'the id that has the other key')
    }
    await b.insert(job(4, { owner: 'ann', idempotencyKey: 'key 2' }))
    equal((await holder(a, 'ann', 'key 2'))?.id, idOf(4), 'the id that has the key when it is taken again')
  }),
  holderCase('HOL4', 'does not change when a caller changes the job that it found', async ({ a, b }) => {
    const expected = { ...loose(), idempotencyKey: 'key' }
    await a.insert({ ...loose(), idempotencyKey: 'key' })
    spoil(await holder(a, null, 'key'))
    sameJob(await b.get(expected.id, 'full'), expected, 'the stored job')
    sameHead(await holder(a, null, 'key'), expected, 'the holder')
  }),
  holderCase(
    'HOL5',
    'finds a claimed job as it is now',
    async ({ a, b }) => {
      const changes = { version: 2, status: 'running', attempt: 1, startedAt: T0 + 5, dueAt: T0 + 30_000 } as const
      await a.insert(keyed)
      await claim(a, keyed.id, 1, changes)
      for (const store of [a, b]) sameHead(await holder(store, 'ann', 'key'), next(keyed, changes), 'the holder')
    },
    'claim',
  ),
]
