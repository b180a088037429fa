import type { StoreCapabilities } from '@respond-async/core'
import type { OpenStore } from './store-case'

/** What a store declares, found out by opening it once. */
export async function capabilitiesOf(open: OpenStore): Promise<StoreCapabilities> {
  const { a, dispose } = await open()
  await dispose?.()
  return a.capabilities
}
