import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { deadlineAfter, orAborted, scope, systemClock, until, within } from '../src/clock'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const reason = new Error('enough')
const never = new Promise<never>(() => {})
const listenersOf = (signal: AbortSignal) => getEventListeners(signal, 'abort').length

describe('nothing is left', () => {
  test('of a pause that is broken off: a timer would keep the process running', async () => {
    const { signal, abort } = scope([])
    const pause = systemClock.sleep(60_000, signal)
    abort(reason)
    await expect(pause).rejects.toBe(reason)
    expect([vi.getTimerCount(), listenersOf(signal)]).toEqual([0, 0])
  })

  test('of what was waited for, at its signal', async () => {
    const { signal } = new AbortController()
    expect(await orAborted(Promise.resolve('done'), signal)).toBe('done')
    await vi.advanceTimersByTimeAsync(0)
    expect(listenersOf(signal)).toBe(0)
  })

  test('of a scope that has ended, at the signal of a caller that lives on', async () => {
    const { signal } = new AbortController()
    await within(scope([signal, undefined, null], 60_000), async () => 'done')
    expect([vi.getTimerCount(), listenersOf(signal)]).toEqual([0, 0])
  })
})

test('a scope whose time is set anew keeps to that alone', () => {
  const { signal, abortIn, end } = scope([], 1_000)
  abortIn(5_000)
  vi.advanceTimersByTime(4_999)
  expect(signal.aborted).toBe(false)
  vi.advanceTimersByTime(1)
  expect(signal.aborted).toBe(true)
  end()
})

test('after an abort no work begins, and none is waited for', async () => {
  const { signal, abort } = scope([])
  abort(reason)
  const work = vi.fn(() => never)
  await expect(within(scope([signal]), work)).rejects.toBe(reason)
  expect(work).not.toHaveBeenCalled()
  await expect(orAborted(never, signal)).rejects.toBe(reason)
})

describe('a deadline', () => {
  const clockAt = () => {
    let now = 0
    const advance = (ms: number) => {
      now += ms
    }
    const clock = { ...systemClock, now: () => now, sleep: async (ms: number) => void advance(ms) }
    return { clock, pass: clock.sleep }
  }

  test('is the same for a separate call before it, and anew after it', async () => {
    const { clock, pass } = clockAt()
    const deadline = deadlineAfter(clock, 1_000)
    await pass(400)
    deadline.renewed().end()
    expect(deadline.left()).toBe(600)
    await pass(600)
    deadline.renewed().end()
    expect(deadline.left()).toBe(1_000)
  })

  test('that has passed asks for no negative time, of which Node warns', async () => {
    const { clock, pass } = clockAt()
    const deadline = deadlineAfter(clock, 1_000)
    const timers = vi.spyOn(globalThis, 'setTimeout')
    const pauses = vi.spyOn(clock, 'sleep')
    await pass(1_500)
    deadline.scope().end()
    await expect(until(deadline, clock).sleep(1, scope([]).signal)).rejects.toMatchObject({ code: 'timed_out' })
    expect([timers.mock.calls.map(([, ms]) => ms), pauses.mock.calls.map(([ms]) => ms)]).toEqual([[0], [0]])
  })
})
