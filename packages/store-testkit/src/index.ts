import { aliasingCases } from './cases/aliasing'
import { blobCases } from './cases/blobs'
import { capabilityCases } from './cases/capabilities'
import { claimCases } from './cases/claim'
import { closeCases } from './cases/close'
import { compareAndSetCases } from './cases/compare-and-set'
import { dueCases } from './cases/due'
import { getCases } from './cases/get'
import { historyCases } from './cases/history'
import { holderCases } from './cases/holder'
import { insertCases } from './cases/insert'
import { keyCases } from './cases/key'
import { lifeCases } from './cases/life'
import { listCases } from './cases/list'
import { listAllCases } from './cases/list-all'
import { readYourWriteCases } from './cases/read-your-write'
import { removalCases } from './cases/removal'
import { roundTripCases } from './cases/round-trip'
import { sizeCases } from './cases/size'
import { transactionCases } from './cases/transaction'
import { watchCases } from './cases/watch'
import { applies, type Declared, type StoreCase } from './store-case'

export { declaredBy } from './capabilities'
export type { Declared, HandOvers, Need, OpenedStore, OpenStore, StoreCase } from './store-case'

/** The conformance cases of a job store, one for each promise of its contract. */
export const storeCases: readonly StoreCase[] = [
  ...capabilityCases,
  ...insertCases,
  ...keyCases,
  ...getCases,
  ...compareAndSetCases,
  ...roundTripCases,
  ...aliasingCases,
  ...historyCases,
  ...readYourWriteCases,
  ...dueCases,
  ...listCases,
  ...sizeCases,
  ...removalCases,
  ...closeCases,
  ...watchCases,
  ...lifeCases,
  ...claimCases,
  ...blobCases,
  ...transactionCases,
  ...listAllCases,
  ...holderCases,
]

/** The cases that a store with these capabilities must pass. For an open store, `declaredBy(store)` returns the capabilities. */
export const casesFor = (declared: Declared): StoreCase[] => storeCases.filter((one) => applies(one, declared))
