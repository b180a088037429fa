import type { JobStore } from '@respond-async/core'
import { answerOf } from './patience'
import type { Declared, OpenStore } from './store-case'

/** What a store declares, with the optional members that it simply has. */
export const declaredBy = (store: JobStore): Declared => ({
  ...store.capabilities,
  claim: store.claim !== undefined,
  blobs: store.blobs !== undefined,
  holder: store.holder !== undefined,
})

/** The same, found out by opening it once. */
export async function capabilitiesOf(open: OpenStore): Promise<Declared> {
  const { a, dispose } = await answerOf('open', open())
  await answerOf('dispose', dispose?.())
  return declaredBy(a)
}
