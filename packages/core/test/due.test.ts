import { describe, expect, it } from 'vitest'
import { dueFrom } from '../src/store-parts'
import { newRecord } from './record'

describe('what is due of records that may be broken', () => {
  /** Of so many rows the n-th, or what cannot be read. */
  const rows = (count: number, isBroken: (n: number) => boolean) => {
    const asked: number[] = []
    const page = async (limit: number) => {
      asked.push(limit)
      return Array.from({ length: Math.min(limit, count) }, (_, n) => (isBroken(n) ? '{' : JSON.stringify(newRecord({ id: `job-${n}` }))))
    }
    return { asked, due: async (limit: number) => (await dueFrom(page, JSON.parse, limit)).map(({ id }) => id) }
  }

  it('takes one read where all records are readable', async () => {
    const { asked, due } = rows(10, () => false)
    expect(await due(3)).toEqual(['job-0', 'job-1', 'job-2'])
    expect(asked).toEqual([3])
  })
  it('has as many jobs as asked for, however many broken records come first', async () => {
    expect(await rows(500, (n) => n < 300).due(3)).toEqual(['job-300', 'job-301', 'job-302'])
    expect(await rows(500, (n) => n % 2 === 0).due(4)).toEqual(['job-1', 'job-3', 'job-5', 'job-7'])
  })
  it('has all readable jobs where they are fewer than asked for', async () => {
    expect(await rows(5, (n) => n < 4).due(3)).toEqual(['job-4'])
    expect(await rows(5, () => true).due(5)).toEqual([])
    expect(await rows(0, () => true).due(5)).toEqual([])
  })
})
