import { describe, expect, it } from 'vitest'
import { casesFor, declaredBy, type OpenStore, storeCases } from '../src/index'
import { testStore } from '../src/vitest'
import { ADDED_FAULTS, type AddedFault, HOLDER_FAULTS, type HolderFault } from './added-faults'
import { openAdded } from './added-store'
import { ALL_FAULTS, type AllFault, FAULTS, type Fault } from './faults'
import { openFaulty } from './faulty-store'

async function failing(open: OpenStore): Promise<string[]> {
  const { a } = await open()
  const failed: string[] = []
  for (const { id, run } of casesFor(declaredBy(a))) await run(open).catch(() => failed.push(id))
  return failed
}

testStore('a store over a few maps, without a fault', openFaulty())
testStore('the same with claims, chunks, transactions and holders of keys, without a fault', openAdded())

describe('a broken store fails exactly the cases that name its fault', () => {
  for (const [fault, expected] of Object.entries({ ...FAULTS, ...ALL_FAULTS })) {
    it(fault.replaceAll('_', ' '), async () => {
      expect(await failing(openFaulty(fault as Fault | AllFault))).toEqual(expected)
    })
  }
  for (const [fault, expected] of Object.entries({ ...ADDED_FAULTS, ...HOLDER_FAULTS })) {
    it(fault.replaceAll('_', ' '), async () => {
      expect(await failing(openAdded(fault as AddedFault | HolderFault))).toEqual(expected)
    })
  }
})

it('has a broken store for every case', () => {
  const bitten = new Set<string>([FAULTS, ALL_FAULTS, ADDED_FAULTS, HOLDER_FAULTS].flatMap((faults) => Object.values(faults).flat()))
  expect(storeCases.map(({ id }) => id).filter((id) => !bitten.has(id))).toEqual([])
})
