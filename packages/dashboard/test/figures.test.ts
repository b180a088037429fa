import type { JobStatus } from '@respond-async/core'
import { expect, it } from 'vitest'
import { countsOf, durationsOf, operationsOf, quantile, throughputOf } from '../src/page/figures'
import { attemptsOf } from '../src/page/life'
import { placeOf, urlOf } from '../src/page/place'
import { aroundSpans, roundSpans } from '../src/page/spans'
import { sizeText, spanText } from '../src/page/wording'
import type { Detail, Row } from '../src/rows'

const row = (status: JobStatus, operation: string, startedAt?: number, finishedAt?: number): Row => ({
  ...{ id: `${operation}-${startedAt}-${finishedAt}`, revision: 1, operation, owner: null, status, createdAt: 0, startedAt, finishedAt },
  ...{ attempt: 1, maxAttempts: 1 },
})

it('counts states', () => {
  expect(countsOf([])).toEqual({ queued: 0, running: 0, succeeded: 0, failed: 0, canceled: 0 })
  expect(countsOf([row('failed', 'a'), row('failed', 'a'), row('queued', 'b')])).toMatchObject({ failed: 2, queued: 1 })
})

it('gives each operation its figures, of attempts that came to an end', () => {
  const rows = [
    ...Array.from({ length: 20 }, (_, at) => row('succeeded', 'a', 0, 100 * (at + 1))),
    row('running', 'a', 5),
    row('failed', 'b', 10, 5),
  ]
  const [a, b] = operationsOf(rows)
  expect(a).toMatchObject({ operation: 'a', total: 21, medianMs: 1_100, slowMs: 2_000, counts: { running: 1, succeeded: 20 } })
  expect(b).toMatchObject({ operation: 'b', total: 1, medianMs: 0, counts: { failed: 1 } })
  expect(operationsOf([row('queued', 'c')])[0]).toMatchObject({ medianMs: undefined, slowMs: undefined })
  expect([quantile([], 0.5), quantile([7], 0.95), quantile([3, 1, 2], 0.5)]).toEqual([undefined, 7, 2])
})

it('puts ends into bars of a width that people can read', () => {
  expect(throughputOf([row('running', 'a', 1)], 10)).toEqual({ widthMs: 0, bars: [] })
  const rows = [row('succeeded', 'a', 0, 61_000), row('failed', 'a', 0, 61_500), row('canceled', 'a', undefined, 119_000)]
  const { widthMs, bars } = throughputOf(rows, 120_000)
  expect(widthMs).toBe(5_000)
  expect(bars[0]).toEqual({ at: 60_000, succeeded: 1, failed: 1, canceled: 0 })
  expect(bars.at(-2)).toEqual({ at: 115_000, succeeded: 0, failed: 0, canceled: 1 })
  expect(bars).toHaveLength(13)
  // A job of years ago does not make bars without end.
  expect(throughputOf([row('succeeded', 'a', 0, 1)], 40 * 365 * 86_400_000).bars.length).toBeLessThanOrEqual(400)
  expect(durationsOf(rows)).toMatchObject({ succeeded: [{ x: 61_000, y: 61_000 }], failed: [{ x: 61_500, y: 61_500 }], canceled: [] })
})

it('reads the attempts off the history', () => {
  const event = (version: number, at: number, type: string, status: JobStatus, attempt: number, code?: string) => ({
    version,
    at,
    type,
    status,
    attempt,
    code,
  })
  const events = [
    event(1, 0, 'insert', 'running', 1),
    event(2, 5, 'progress', 'running', 1),
    event(3, 10, 'release', 'queued', 1),
    event(4, 20, 'start', 'running', 2),
    event(5, 25, 'fail', 'failed', 2, 'timeout'),
  ]
  const job = { ...row('failed', 'a', 20, 25), attempt: 2, code: 'timeout' } as Detail
  expect(attemptsOf(job, events)).toEqual([
    { attempt: 1, startedAt: 0, endedAt: 10, end: 'will be retried', code: undefined },
    { attempt: 2, startedAt: 20, endedAt: 25, end: 'failed', code: 'timeout' },
  ])
  expect(attemptsOf(job, [])).toEqual([{ attempt: 2, startedAt: 20, endedAt: 25, end: 'failed', code: 'timeout' }])
  expect(attemptsOf({ ...row('queued', 'a'), attempt: 0 } as Detail, [])).toEqual([])
})

it('keeps what is shown in the query of the URL', () => {
  const place = { status: 'failed', operation: 'a & b', owner: '', job: 'x/y' } as const
  expect(urlOf(place)).toBe('?status=failed&operation=a+%26+b&owner=&job=x%2Fy')
  expect(placeOf(urlOf(place))).toEqual(place)
  expect(placeOf('?status=done&operation=&job=')).toEqual({})
  expect(urlOf({})).toBe('./')
})

it('writes spans and sizes as people do', () => {
  expect([0, 999, 1_000, 1_550, 12_345, 59_960, 65_000, 3_600_000, 90_061_000].map(spanText)).toEqual([
    ...['0 ms', '999 ms', '1 s', '1.6 s', '12 s', '1 min', '1 min 5 s', '1 h', '1 d 1 h'],
  ])
  expect([0, 999, 1_500, 2_000_000].map(sizeText)).toEqual(['0 bytes', '999 bytes', '1.5 kB', '2.0 MB'])
  expect([aroundSpans(20, 30), aroundSpans(10, 10), aroundSpans(2_000, 700_000)]).toEqual([
    { min: 10, max: 100 },
    { min: 10, max: 100 },
    { min: 1_000, max: 3_600_000 },
  ])
  expect(roundSpans(1_000, 600_000)).toEqual([1_000, 10_000, 60_000, 600_000])
})
