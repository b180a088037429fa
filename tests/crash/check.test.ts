/** The checker itself: what it would say of runs that went wrong. */
import { describe, expect, it } from 'vitest'
import { check, type Run, type Seen, type Violation } from './check'
import type { Line } from './task'

const line = (event: Line['event'], attempt: number, at: number, pid = 10, id = 'a', key = 'k'): Line => ({
  event,
  id,
  key,
  attempt,
  pid,
  at,
})
const pending = (revision: number, attempt = 1, percent?: number): Seen => ({ id: 'a', status: 'running', attempt, revision, percent })
const done = (attempt: number, revision: number): Seen => ({
  ...{ id: 'a', status: 'succeeded', attempt, revision, percent: 100, result: { key: 'k', attempt, pid: 9 + attempt } },
})

/** A job whose first worker was taken for dead, and was late. */
const GOOD: Run = {
  accepted: [{ key: 'k', id: 'a' }],
  lines: [line('start', 1, 0), line('start', 2, 1_500, 11), line('end', 2, 1_600, 11), line('end', 1, 1_700)],
  seen: [{ id: 'a', status: 'queued', attempt: 0, revision: 1 }, pending(2), pending(3, 1, 50), pending(5, 2, 50), done(2, 6), done(2, 6)],
}

describe('the comparison of the ledger with the API', () => {
  it('finds nothing where all is well, and counts what was late', () => {
    expect(check(GOOD)).toEqual({ violations: [], runs: 2, overlaps: 1, longestOverlapMs: 200, refused: 1 })
  })

  const WRONG: [Violation, Partial<Run>][] = [
    ['missing', { seen: [...GOOD.seen, { id: 'a', status: 'missing', attempt: 0, revision: 0 }, done(2, 6)] }],
    ['unfinished', { seen: GOOD.seen.slice(0, -2) }],
    ['unfinished', { seen: [] }],
    ['not succeeded', { seen: [{ id: 'a', status: 'failed', attempt: 2, revision: 6, percent: 50 }] }],
    ['final state changed', { seen: [...GOOD.seen, done(2, 7)] }],
    ['attempt fell', { seen: [pending(2, 2), pending(3, 1), done(2, 6)] }],
    ['progress fell', { seen: [pending(2, 2, 75), pending(3, 2, 50), done(2, 6)] }],
    ['revision fell', { seen: [pending(4, 2), pending(3, 2), done(2, 6)] }],
    ['result of no finished attempt', { lines: GOOD.lines.filter(({ event, attempt }) => event !== 'end' || attempt !== 2) }],
    ['result of no finished attempt', { lines: [] }],
    ['result of another attempt', { seen: [{ ...done(1, 6), attempt: 2 }] }],
    ['result of another job', { seen: [{ ...done(2, 6), result: { key: 'other', attempt: 2, pid: 11 } }] }],
    ['attempt run twice', { lines: [...GOOD.lines, line('start', 2, 1_510, 12)] }],
    ['attempt after the end', { lines: [...GOOD.lines, line('start', 3, 1_800, 12)] }],
    ['two jobs for one key', { lines: [...GOOD.lines, line('start', 1, 1_800, 12, 'b')] }],
    ['two jobs for one key', { accepted: [...GOOD.accepted, { key: 'k', id: 'b' }], seen: [...GOOD.seen, { ...done(2, 6), id: 'b' }] }],
  ]
  it.each(WRONG)('finds: %s', (violation, wrong) => {
    const { violations } = check({ ...GOOD, ...wrong })
    expect(violations.map((text) => text.split(':')[0])).toContain(violation)
  })

  it('finds nothing else than what is wrong', () => {
    const [, latest] = WRONG.filter(([violation]) => violation === 'final state changed')[0] ?? []
    expect(check({ ...GOOD, ...latest }).violations).toHaveLength(1)
  })
})
