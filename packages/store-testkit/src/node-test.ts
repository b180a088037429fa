import { describe, it } from 'node:test'
import type { StoreCapabilities } from '@respond-async/core'
import { capabilitiesOf } from './capabilities'
import { casesFor, type OpenStore } from './index'

/**
 * One test of `node:test` for each case that the store's capabilities ask for. It is opened once beforehand to see them; give
 * `capabilities` where it cannot be opened then, because a hook has to start its server first.
 */
export function testStore(name: string, open: OpenStore, capabilities?: StoreCapabilities): void {
  describe(name, async () => {
    for (const { id, title, run } of casesFor(capabilities ?? (await capabilitiesOf(open)))) it(`${id} ${title}`, () => run(open))
  })
}
