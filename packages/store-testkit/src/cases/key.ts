import { equal, ok, sameHead, sameIds, sameJob } from '../assertions'
import { due, list } from '../optional-methods'
import { idOf, insertAll, job, next, parallel, stone, T0 } from '../records'
import { storeCase } from '../store-case'

/** Texts that a careless comparison confuses: case, blanks, Unicode forms, and replacements for what a column cannot hold. */
const LIKE = ['a', 'A', 'a ', ' a', '\u00e9', 'e\u0301', '?', '\u{1f600}', '\u{1f601}', '\ufffd', '\ud800', '\ud801', '\0x', '\0y']

/** Owners and keys that become equal if they are joined with a separator, if `null` becomes a word, or if a column is too short. */
export const PAIRS: readonly (readonly [owner: string | null, key: string])[] = [
  ...([[null, 'k'] as const, ['', 'k'], ['null', 'k'], ['undefined', 'k']] as const),
  ...([['a:b', 'c'] as const, ['a', 'b:c'], ['a/b', 'c'], ['a', 'b/c'], ['a|b', 'c'], ['a', 'b|c']] as const),
  ...([['a\u0000b', 'c'] as const, ['a', 'b\u0000c'], ['a"', 'c'], ['a', '"c'], ['a,', 'c'], ['a', ',c']] as const),
  ...[...LIKE, ...['', '1', '2'].map((end) => `${'o'.repeat(400)}${end}`)].map((owner) => [owner, 'c'] as const),
]

/** The same for keys, with numbers, wildcards, and the longest one that a client may send. */
export const KEYS = [...LIKE, '1', '01', '1.0', '%', '_', '\\', "'", 'x'.repeat(255), `${'x'.repeat(254)}y`]

export const keyCases = [
  storeCase('KEY1', 'does not insert a second job with the same owner and key, and returns the first', async ({ a, b }) => {
    const first = job(1, { owner: 'ann', idempotencyKey: 'key', fingerprint: 'f' })
    await a.insert(first)
    const { inserted, job: returned } = await b.insert(job(2, { owner: 'ann', idempotencyKey: 'key' }))
    equal(inserted, false, 'inserted')
    sameHead(returned, first, 'the returned job')
    equal(await b.get(idOf(2), 'full'), null, 'the job that was not inserted')
  }),
  storeCase('KEY2', 'inserts exactly one of many jobs that come with the same key at once, and returns it to all', async (opened) => {
    const answers = await parallel(50, opened, (store, n) => store.insert(job(n + 1, { owner: 'ann', idempotencyKey: 'key' })))
    equal(answers.filter(({ inserted }) => inserted).length, 1, 'inserts that succeeded')
    const id = answers.find(({ inserted }) => inserted)?.job.id
    for (const answer of answers) equal(answer.job.id, id, 'the id that every insert returned')
    for (let n = 1; n <= 50; n++) if (idOf(n) !== id) equal(await opened.b.get(idOf(n), 'head'), null, 'a job that was not inserted')
  }),
  storeCase('KEY3', 'accepts the same key once for each owner', async ({ a, b }) => {
    await a.insert(job(1, { owner: 'ann', idempotencyKey: 'key' }))
    equal((await b.insert(job(2, { owner: 'bob', idempotencyKey: 'key' }))).inserted, true, 'whether another owner may use the key')
    equal((await a.insert(job(3, { owner: 'bob', idempotencyKey: 'key' }))).job.id, idOf(2), 'the id that the other owner gets')
  }),
  storeCase('KEY4', 'confuses no two pairs of owner and key, and takes no name of an owner for "no owner"', async ({ a, b }) => {
    for (const [n, [owner, idempotencyKey]] of PAIRS.entries()) {
      const { inserted } = await a.insert(job(n + 1, { owner, idempotencyKey }))
      equal(inserted, true, `whether owner ${JSON.stringify(owner)} could use the key ${JSON.stringify(idempotencyKey)}`)
    }
    for (const [n, [owner, idempotencyKey]] of PAIRS.entries())
      equal(
        (await b.insert(job(99, { owner, idempotencyKey }))).job.id,
        idOf(n + 1),
        `the id for ${JSON.stringify([owner, idempotencyKey])}`,
      )
  }),
  storeCase('KEY5', 'compares keys character by character', async ({ a, b }) => {
    for (const [n, idempotencyKey] of KEYS.entries())
      equal((await a.insert(job(n + 1, { idempotencyKey }))).inserted, true, `whether the key ${JSON.stringify(idempotencyKey)} was free`)
    for (const [n, idempotencyKey] of KEYS.entries())
      equal((await b.insert(job(99, { idempotencyKey }))).job.id, idOf(n + 1), `the id for the key ${JSON.stringify(idempotencyKey)}`)
  }),
  storeCase('KEY6', 'inserts any number of jobs without a key', async ({ a, b }) => {
    for (let n = 1; n <= 5; n++) equal((await (n % 2 ? a : b).insert(job(n, { owner: 'ann' }))).inserted, true, 'inserted')
  }),
  storeCase('KEY7', 'frees a key that the next version no longer has, as that of an expired job', async ({ a, b }) => {
    const first = job(1, { owner: 'ann', idempotencyKey: 'key' })
    await a.insert(first)
    ok((await a.replace(stone(first))).replaced, 'the tombstone should be written')
    equal((await b.insert(job(2, { owner: 'ann', idempotencyKey: 'key' }))).inserted, true, 'whether the key was free again')
    equal((await a.insert(job(3, { owner: 'ann', idempotencyKey: 'key' }))).job.id, idOf(2), 'the id that has the key now')
  }),
  storeCase('KEY8', 'frees the old key and takes the new one when a version brings another', async ({ a, b }) => {
    const first = job(1, { idempotencyKey: 'old' })
    await a.insert(first)
    await a.replace(next(first, { idempotencyKey: 'new' }))
    equal((await b.insert(job(2, { idempotencyKey: 'new' }))).job.id, idOf(1), 'the id that has the new key')
    equal((await b.insert(job(3, { idempotencyKey: 'old' }))).inserted, true, 'whether the old key was free again')
  }),
  storeCase('KEY9', 'keeps a key taken through the whole life of its job', async ({ a, b }) => {
    const first = job(1, { idempotencyKey: 'key' })
    const running = next(first, { status: 'running' })
    const finished = next(running, { status: 'succeeded', finishedAt: 1 })
    await insertAll(a, [first])
    for (const version of [running, finished]) {
      await b.replace(version)
      const { inserted, job: returned } = await a.insert(job(2, { idempotencyKey: 'key' }))
      equal(inserted, false, `inserted while the job is ${version.status}`)
      sameHead(returned, version, 'the returned job')
    }
  }),
  storeCase('KEY10', 'neither frees nor takes a key in a replace that lost the comparison', async ({ a, b }) => {
    const first = job(1, { idempotencyKey: 'key' })
    await a.insert(first)
    await a.replace(next(first))
    equal((await b.replace(next(first, { idempotencyKey: 'other' }))).replaced, false, 'replaced')
    equal((await b.replace(next(first, { idempotencyKey: undefined }))).replaced, false, 'replaced')
    equal((await b.insert(job(2, { idempotencyKey: 'key' }))).job.id, idOf(1), 'the id that has the key')
    equal((await b.insert(job(3, { idempotencyKey: 'other' }))).inserted, true, 'whether the other key is still free')
  }),
  storeCase('KEY11', 'leaves nothing of a job whose key was taken: no body, and no place in lists or in what is due', async ({ a, b }) => {
    const first = job(1, { idempotencyKey: 'key', dueAt: T0 })
    await a.insert(first)
    await b.insert(job(2, { idempotencyKey: 'key', dueAt: T0, requestBody: 'in', responseBody: 'out' }))
    for (const store of [a, b]) {
      if (store.capabilities.due) sameIds(await due(store, T0, 10), [first], 'what is due')
      if (store.capabilities.list) sameIds((await list(store)).jobs, [first], 'the list')
    }
    await a.insert(job(2, { requestBody: undefined, responseBody: undefined }))
    sameJob(await b.get(idOf(2), 'full'), job(2), 'the job that has the id of the refused one now')
  }),
]
