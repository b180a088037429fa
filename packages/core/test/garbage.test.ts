/** What a job leaves behind when it is over: nothing that has to wait for a full collection. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { createJobs, memoryStore, type Submission } from '../src'
import { newRecord } from './record'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as (options?: { type: 'minor' }) => void

/** So many jobs are under way at once, so many times. */
const AT_ONCE = 8
const TIMES = 50
const BYTES = 8_000

/** A request with so much on it. */
const submission = () =>
  ({
    ...{ method: 'POST', url: '/work', headers: new Headers(), native: undefined },
    ballast: new Array(BYTES / 8).fill(0.5),
    readBody: () => null,
    headerFields: () => ({}),
    context: () => undefined,
  }) satisfies Submission & { ballast: number[] }

it('lets go of the requests of jobs that are over with the next minor collection', async () => {
  const jobs = createJobs({ store: memoryStore() })
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
  jobs.define('work', {}, async () => {
    await turn()
    return { status: 204, headers: {}, body: null }
  })
  const run = async () => {
    for (let time = 0; time < TIMES; time++) {
      await Promise.all(Array.from({ length: AT_ONCE }, () => jobs.accept('work', submission())))
      for (let turns = 0; turns < 5; turns++) await turn()
    }
  }
  await run()
  gc() // from now on what lives is old
  const before = process.memoryUsage().heapUsed
  await run()
  gc({ type: 'minor' })
  gc({ type: 'minor' })
  const left = (process.memoryUsage().heapUsed - before) / (TIMES * AT_ONCE)
  expect(left).toBeLessThan(BYTES / 2) // a record stays, of a thousand bytes or two
  await jobs.stop()
})

it('keeps nothing of jobs that the memory store has removed', async () => {
  const store = memoryStore()
  const there: string[] = []
  const run = async (jobs: number) => {
    for (let at = 0; at < jobs; at++) {
      const id = crypto.randomUUID()
      await store.insert(newRecord({ id, status: 'succeeded', finishedAt: at }))
      there.push(id)
      if (there.length > 100) await store.remove(there.shift() as string)
    }
    gc()
    return process.memoryUsage().heapUsed
  }
  const before = await run(5_000)
  expect((await run(20_000)) - before).toBeLessThan(20_000 * 25) // an id alone takes twice as much
})
