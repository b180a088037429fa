import { describe, expect, it } from 'vitest'
import { casesFor, type OpenStore, storeCases } from '../src/index'
import { testStore } from '../src/vitest'
import { FAULTS, type Fault } from './faults'
import { openFaulty } from './faulty-store'

async function failing(open: OpenStore): Promise<string[]> {
  const { a } = await open()
  const failed: string[] = []
  for (const { id, run } of casesFor(a.capabilities)) await run(open).catch(() => failed.push(id))
  return failed
}

testStore('a store over a few maps, without a fault', openFaulty())

describe('a store that', () => {
  it.each(Object.entries(FAULTS))('%s fails exactly the cases that are named for it', async (fault, expected) => {
    expect(await failing(openFaulty(fault as Fault))).toEqual(expected)
  })
})

it('has a broken store for every case', () => {
  const bitten = new Set<string>(Object.values(FAULTS).flat())
  expect(storeCases.map(({ id }) => id).filter((id) => !bitten.has(id))).toEqual([])
})
