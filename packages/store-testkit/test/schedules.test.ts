import { isTerminal, type Job, type JobStore, type LifecycleEvent, memoryStore, transition } from '@respond-async/core'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { idOf, job, T0 } from '../src/records'

const ID = idOf(1)
const TTL = 3_600_000

/** What somebody wants of a job, `mine` being the attempt that they started. */
const WISHES = {
  start: () => ({ type: 'start', leaseMs: 30_000, maxRunMs: TTL }),
  progress: (mine) => ({ type: 'progress', attempt: mine, percentComplete: 50 }),
  renew: (mine) => ({ type: 'renew', attempt: mine, leaseMs: 30_000 }),
  succeed: (mine) => ({ type: 'succeed', attempt: mine, ttlMs: TTL, response: null, result: '{}' }),
  fail: (mine) => ({ type: 'fail', attempt: mine, ttlMs: TTL, error: { code: 'c', status: 500, title: 't', message: 'm' } }),
  requestCancel: () => ({ type: 'requestCancel' }),
  cancel: () => ({ type: 'cancel', ttlMs: TTL }),
  redispatch: () => ({ type: 'redispatch', dueAt: T0 }),
  /** The sweeper: whoever runs it now has been silent for too long. */
  takeAway: (_mine, current) => ({ type: 'release', attempt: current.attempt, dueAt: T0, redispatch: true }),
} as const satisfies Record<string, (mine: number, current: Job) => LifecycleEvent>

type Wish = keyof typeof WISHES
type Replace = JobStore['replace']

/** A store's way to write: guarded by version, by nothing, or by the rule that finished jobs do not change. */
const GUARDS: Record<'version' | 'none' | 'finished', (store: JobStore) => Replace> = {
  version: (store) => store.replace,
  none: (store) => async (next) => {
    await store.remove(next.id)
    await store.insert(next)
    return { replaced: true }
  },
  finished: (store) => async (next) => {
    const stored = await store.get(next.id)
    if (stored && isTerminal(stored.status)) return { replaced: false, current: stored }
    return GUARDS.none(store)(next)
  },
}

/** Workers that read, decide and write, every one at a pace of its own. Resolves to what went wrong. */
async function run(scheduler: fc.Scheduler, workers: readonly (readonly Wish[])[], guard: keyof typeof GUARDS): Promise<Set<string>> {
  const store = memoryStore()
  const replace = GUARDS[guard](store)
  const wrong = new Set<string>()
  await store.insert(job(1))
  let last = job(1)
  let clock = T0

  /** The journey there and back takes as long as the scheduler wants; the write itself is one moment. */
  const remote = async <T>(act: () => Promise<T>): Promise<T> => {
    await scheduler.schedule(Promise.resolve())
    const answer = await act()
    await scheduler.schedule(Promise.resolve())
    return answer
  }
  const write = (next: Job, attempt: number | undefined) =>
    remote(async () => {
      const answer = await replace(next)
      if (!answer.replaced) return answer
      if (isTerminal(last.status)) wrong.add('a finished job changed')
      if (next.version !== last.version + 1) wrong.add('a version was skipped or written twice')
      if (attempt !== undefined && attempt !== last.attempt) wrong.add('a late worker wrote over a newer attempt')
      last = next
      return answer
    })
  const work = async (wishes: readonly Wish[]) => {
    let mine = 0
    for (const wish of wishes) {
      for (let current = await remote(() => store.get(ID)); current; ) {
        const event: LifecycleEvent = WISHES[wish](mine, current)
        const next = transition(current, event, ++clock)
        if (!next) break
        const answer = await write(next, 'attempt' in event ? event.attempt : undefined)
        if (answer.replaced) {
          if (wish === 'start') mine = next.attempt
          break
        }
        current = answer.current
      }
    }
  }
  await scheduler.waitFor(Promise.all(workers.map(work)))
  const stored = await store.get(ID)
  if (stored?.version !== last.version || stored.status !== last.status) wrong.add('what is stored is not what was written last')
  return wrong
}

const wishes = fc.array(fc.constantFrom(...(Object.keys(WISHES) as Wish[])), { maxLength: 6 })
const runner = wishes.map((rest): Wish[] => ['start', ...rest])
const schedule = [fc.scheduler(), fc.array(fc.oneof(runner, wishes), { minLength: 2, maxLength: 5 })] as const

/** What went wrong in so many random schedules, the same ones every time. */
async function violations(guard: keyof typeof GUARDS): Promise<string[]> {
  const wrong = new Set<string>()
  const property = fc.asyncProperty(...schedule, async (scheduler, workers) => {
    for (const one of await run(scheduler, workers, guard)) wrong.add(one)
  })
  await fc.assert(property, { numRuns: 400, seed: 202 })
  return [...wrong].sort()
}

it('keeps the lifecycle under any schedule of workers that share a store which compares versions', async () => {
  const property = fc.asyncProperty(...schedule, async (scheduler, workers) => {
    expect([...(await run(scheduler, workers, 'version'))]).toEqual([])
  })
  await fc.assert(property, { numRuns: 1_000 })
})

it('notices changed finished jobs, wrong versions and late writes on a store that compares nothing', async () => {
  expect(await violations('none')).toEqual([
    'a finished job changed',
    'a late worker wrote over a newer attempt',
    'a version was skipped or written twice',
  ])
})

it('notices that protecting only finished jobs is not enough', async () => {
  expect(await violations('finished')).toEqual(['a late worker wrote over a newer attempt', 'a version was skipped or written twice'])
})
