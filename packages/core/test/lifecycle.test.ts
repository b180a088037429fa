import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isTerminal, type Job, type LifecycleEvent, TRANSITIONS, transition } from '../src/index'
import { tombstone } from '../src/lifecycle'
import { newRecord } from './record'

test('the table is this one', () => {
  expect(TRANSITIONS).toEqual({
    queued: { start: 'running', redispatch: 'queued', fail: 'failed', cancel: 'canceled' },
    running: {
      progress: 'running',
      respond: 'running',
      renew: 'running',
      requestCancel: 'running',
      release: 'queued',
      succeed: 'succeeded',
      fail: 'failed',
      cancel: 'canceled',
    },
    succeeded: { notify: 'succeeded' },
    failed: { notify: 'failed' },
    canceled: { notify: 'canceled' },
  })
  expect((Object.keys(TRANSITIONS) as Job['status'][]).filter(isTerminal)).toEqual(['succeeded', 'failed', 'canceled'])
})

const error = { code: 'handler_failed', status: 500, title: 'x', message: 'y' }
const attempt = fc.integer({ min: 0, max: 4 })
const anyEvent: fc.Arbitrary<LifecycleEvent> = fc.oneof(
  fc.constant<LifecycleEvent>({ type: 'start', leaseMs: 1000, maxRunMs: 5000 }),
  fc.constant<LifecycleEvent>({ type: 'redispatch', dueAt: 9 }),
  fc.record({ type: fc.constant('progress' as const), attempt, percentComplete: fc.double() }),
  fc.record({ type: fc.constant('respond' as const), attempt, response: fc.constant({ status: 200, headers: {}, size: 0 }) }),
  fc.record({ type: fc.constant('renew' as const), attempt, leaseMs: fc.constant(1000) }),
  fc.constant<LifecycleEvent>({ type: 'requestCancel' }),
  fc.record({ type: fc.constant('release' as const), attempt, dueAt: fc.nat(), redispatch: fc.boolean() }),
  fc.record({ type: fc.constant('succeed' as const), attempt, ttlMs: fc.constant(10), response: fc.constant(null) }),
  fc.record({ type: fc.constant('fail' as const), attempt, ttlMs: fc.constant(10), error: fc.constant(error) }),
  fc.record({ type: fc.constant('cancel' as const), attempt, ttlMs: fc.constant(10) }),
  fc.record({ type: fc.constant('notify' as const), attempts: attempt, nextAt: fc.option(fc.nat(), { nil: undefined }) }),
  fc.record({ type: fc.constant('notify' as const), attempts: attempt, delivery: fc.constant({ at: 1, attempt: 1, tookMs: 1 }) }),
)

/** What no client sees anything of: its entity tag still matches. */
const UNSEEN = ['renew', 'redispatch', 'notify']

describe('whatever happens in whatever order', () => {
  test('what a client sees of a terminal job never changes, versions grow by one, attempts and percentages never fall, a stale attempt is refused', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyEvent, fc.integer({ min: -20, max: 100 })), { maxLength: 60 }), (steps) => {
        let job = newRecord({ maxAttempts: 3, webhook: { url: 'https://a.example', attempts: 0, log: [] } })
        let now = 1_000
        for (const [event, pause] of steps) {
          now += pause // and a clock may be set back
          const next = transition(job, event, now)
          if (!next) continue
          if (isTerminal(job.status)) {
            expect(event.type).toBe('notify')
            const { version, webhook, dueAt, ...seen } = next
            expect({ ...job, ...seen }).toEqual({ ...job }) // nothing else
            expect(webhook?.log.length).toBeLessThanOrEqual(20)
            expect(dueAt).toBeLessThanOrEqual(next.expiresAt as number)
          }
          expect(next.version).toBe(job.version + 1)
          expect(next.revision).toBe(job.revision + (UNSEEN.includes(event.type) ? 0 : 1))
          expect(next.updatedAt).toBe(UNSEEN.includes(event.type) ? job.updatedAt : Math.max(now, job.updatedAt))
          expect(next.attempt).toBe(job.attempt + (event.type === 'start' ? 1 : 0))
          if ('attempt' in event && event.attempt !== undefined) expect(event.attempt).toBe(job.attempt)
          expect(next.percentComplete ?? 0).toBeGreaterThanOrEqual(job.percentComplete ?? 0)
          expect(next.percentComplete ?? 0).toBeLessThanOrEqual(100)
          expect(isTerminal(next.status)).toBe(next.finishedAt !== undefined)
          job = next
        }
      }),
    )
  })
})

test('the input record is left as it was', () => {
  const job = Object.freeze(newRecord({}))
  expect(transition(job, { type: 'start', leaseMs: 1000, maxRunMs: 5000 }, 2_000)).toMatchObject({
    status: 'running',
    dueAt: 3_000,
    timeoutAt: 7_000,
  })
  expect(job.status).toBe('queued')
})

test('a request body goes with the end of the job, a response stays', () => {
  const running = newRecord({ status: 'running', attempt: 1, requestBody: 'in', request: { method: 'POST', url: '/', headers: {} } })
  const response = { status: 200, headers: {}, size: 3 }
  const next = transition(running, { type: 'succeed', attempt: 1, ttlMs: 50, response, responseBody: 'out' }, 2_000)
  expect(next).toMatchObject({ request: null, requestBody: null, response, responseBody: 'out', expiresAt: 2_050, dueAt: 2_050 })
})

test('a tombstone has a new version, a new revision and no result', () => {
  const over = newRecord({ status: 'succeeded', version: 4, revision: 3, result: '1', expiresAt: 3_000, dueAt: 3_000 })
  const stone = tombstone(over, 2_000, 9_000)
  expect(stone).toMatchObject({ status: 'succeeded', version: 5, revision: 4, updatedAt: 2_000, goneAt: 2_000, dueAt: 9_000 })
  expect(stone).not.toHaveProperty('result')
})

test('the latest twenty webhook deliveries are kept', () => {
  let job = newRecord({ status: 'failed', expiresAt: 90_000, webhook: { url: 'https://a.example', attempts: 0, log: [] } })
  const told = (event: LifecycleEvent) => {
    job = transition(job, event, 2_000) as Job
  }
  for (let attempts = 1; attempts <= 25; attempts++) {
    told({ type: 'notify', attempts, nextAt: 3_000 })
    told({ type: 'notify', attempts, nextAt: 3_000, delivery: { at: 2_000, attempt: attempts, tookMs: 1 } })
  }
  expect([job.version, job.revision, job.updatedAt]).toEqual([51, 1, 1_000])
  expect(job.webhook?.log.map(({ attempt }) => attempt)).toEqual(Array.from({ length: 20 }, (_, at) => at + 6))
})

describe('a running job', () => {
  const running = newRecord({ status: 'running', attempt: 1, dueAt: 3_000 })

  test('has its lease from the renewal on', () => {
    expect(transition(running, { type: 'renew', attempt: 1, leaseMs: 3_000 }, 2_000)?.dueAt).toBe(5_000)
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY, undefined])(
    'keeps its percentage when %s is reported, and takes the message',
    (percentComplete) => {
      const reported = { ...running, percentComplete: 40, message: 'half way' }
      const next = transition(reported, { type: 'progress', attempt: 1, percentComplete, message: 'going on' }, 2_000)
      expect(next).toMatchObject({ percentComplete: 40, message: 'going on' })
    },
  )

  test('is asked to stop once: the time and the reason are those of the first who asked', () => {
    const asked = transition(running, { type: 'requestCancel', reason: 'too slow' }, 2_000)
    expect(asked).toMatchObject({ cancelRequestedAt: 2_000, error: { code: 'canceled', message: 'too slow' } })
    expect(asked && transition(asked, { type: 'requestCancel', reason: 'another' }, 2_500)).toBeNull()
  })

  test('that goes back to wait has nothing of its attempt any more: no start, no time limit, no response', () => {
    const response = { status: 200, headers: {}, size: 0, chunkBytes: 65_536 }
    const begun = { ...running, startedAt: 1_000, timeoutAt: 9_000, response }
    const next = transition(begun, { type: 'release', attempt: 1, dueAt: 2_500, redispatch: false }, 2_000)
    expect(next).toMatchObject({ status: 'queued', dueAt: 2_500, startedAt: undefined, timeoutAt: undefined, response: null })
  })

  test('that reported nothing has no percentage when it has succeeded', () => {
    const succeed = { type: 'succeed', attempt: 1, ttlMs: 50, response: null } as const
    expect(transition(running, succeed, 2_000)?.percentComplete).toBeUndefined()
    expect(transition({ ...running, percentComplete: 40 }, succeed, 2_000)?.percentComplete).toBe(100)
  })
})
