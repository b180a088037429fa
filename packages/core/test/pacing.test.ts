import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { JobsOptions, OperationOptions, Submission } from '../src/index'
import { type Caller, createService, json, location, ok } from './service'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const SECOND = 1_000

/** What a client is advised at some times after its request, in milliseconds. */
async function advice(seconds: readonly number[], operation: OperationOptions<Caller>, options: JobsOptions<Caller> = {}) {
  const { wrap, post, send } = createService(options)
  wrap('report', operation, () => new Promise(() => {}))
  const at = location(await post('report'))
  await vi.advanceTimersByTimeAsync(0)
  const told: unknown[] = []
  let passed = 0
  for (const second of seconds) {
    await vi.advanceTimersByTimeAsync((second - passed) * SECOND)
    passed = second
    told.push(json(await send('GET', at)).retryAfterMs)
  }
  return told
}

test('without an estimate, the older the job the longer the pause, between the shortest and the longest', async () => {
  expect(await advice([0, 20, 100, 800], {})).toEqual([1_000, 5_000, 25_000, 60_000])
})

test('with an estimate, what is left of it; past it, by the age of the job', async () => {
  expect(await advice([0, 10, 25, 40], { estimateMs: 30_000 })).toEqual([30_000, 20_000, 5_000, 10_000])
})

test('a job that is to start later is not asked for before', async () => {
  expect(await advice([0, 10], { delayMs: 30_000 })).toEqual([30_000, 20_000])
  expect(await advice([0, 10], { delayMs: 30_000, estimateMs: 9_000 })).toEqual([39_000, 29_000])
})

test('clients that came together do not return together', async () => {
  const told = await Promise.all([0, 0.999].map((roll) => advice([0], { estimateMs: 30_000 }, { random: () => roll })))
  const [early, late] = told.flat()
  expect(early).toBeLessThan(30_000)
  expect(late).toBeGreaterThan(30_000)
})

test('an estimate is learned from the jobs that succeeded, the newest counts, and not alone', async () => {
  const { wrap, post, send } = createService()
  wrap('report', {}, async ({ live }) => {
    const { seconds } = (live as Submission).context() as { seconds: number }
    await new Promise((resolve) => setTimeout(resolve, Math.abs(seconds) * SECOND))
    return { ...ok('made'), status: seconds < 0 ? 400 : 200 }
  })
  const run = async (seconds: number) => {
    const at = location(await post('report', { context: { seconds } }))
    await vi.advanceTimersByTimeAsync(10)
    const { startedAt, estimatedFinishAt } = json(await send('GET', at))
    await vi.advanceTimersByTimeAsync(Math.abs(seconds) * SECOND)
    return estimatedFinishAt && Date.parse(String(estimatedFinishAt)) - Date.parse(String(startedAt))
  }
  expect(await run(10)).toBeUndefined()
  expect(await run(-1)).toBe(10 * SECOND)
  expect(await run(20)).toBe(10 * SECOND)
  const learned = await run(1)
  expect(learned).toBeGreaterThan(10 * SECOND)
  expect(learned).toBeLessThan(20 * SECOND)
})

test('an estimate is learned by the clock of the application, if it has one', async () => {
  let now = 1_700_000_000_000
  const { wrap, post, send } = createService({ now: () => now })
  wrap('report', {}, async () => {
    await new Promise((resolve) => setTimeout(resolve, SECOND))
    return ok('made')
  })
  await post('report')
  await vi.advanceTimersByTimeAsync(500)
  now += 10 * SECOND
  await vi.advanceTimersByTimeAsync(600)
  const at = location(await post('report'))
  await vi.advanceTimersByTimeAsync(10)
  const { startedAt, estimatedFinishAt } = json(await send('GET', at))
  expect(Date.parse(String(estimatedFinishAt)) - Date.parse(String(startedAt))).toBe(10 * SECOND)
})

test('an estimate is learned by no clock that may be set', async () => {
  const { wrap, post, send } = createService()
  wrap('report', {}, async () => {
    await new Promise((resolve) => setTimeout(resolve, 10 * SECOND))
    return ok('made')
  })
  await vi.advanceTimersByTimeAsync(3_600 * SECOND) // the process has been up for a while
  await post('report')
  await vi.advanceTimersByTimeAsync(SECOND)
  vi.setSystemTime(Date.now() + 86_400_000)
  await vi.advanceTimersByTimeAsync(10 * SECOND)
  const at = location(await post('report'))
  await vi.advanceTimersByTimeAsync(10)
  const { startedAt, estimatedFinishAt } = json(await send('GET', at))
  expect(Date.parse(String(estimatedFinishAt)) - Date.parse(String(startedAt))).toBe(10 * SECOND)
})
