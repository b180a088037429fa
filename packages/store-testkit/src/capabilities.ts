import type { JobStore } from '@respond-async/core'
import { answerOf } from './patience'
import type { Declared, OpenStore } from './store-case'

/** The capabilities that a store declares, and whether it has the optional members without a capability. */
export const declaredBy = (store: JobStore): Declared => ({
  ...store.capabilities,
  claim: store.claim !== undefined,
  blobs: store.blobs !== undefined,
  holder: store.holder !== undefined,
})

/** The same, for a store that is opened once for it. */
export async function capabilitiesOf(open: OpenStore): Promise<Declared> {
  const { a, dispose } = await answerOf('open', open())
  await answerOf('dispose', dispose?.())
  return declaredBy(a)
}
