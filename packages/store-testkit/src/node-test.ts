import { describe, it } from 'node:test'
import { capabilitiesOf } from './capabilities'
import { casesFor, type Declared, type OpenStore } from './index'

/**
 * Defines a `node:test` test for each case that the store must pass.
 *
 * @param capabilities by default read from the store, which is opened once before the tests. Give them if it cannot be opened then,
 *   because a hook must start its server first; with `claim: true`, `blobs: true` and `holder: true` if it has those.
 */
export function testStore(name: string, open: OpenStore, capabilities?: Declared): void {
  describe(name, async () => {
    for (const { id, title, run } of casesFor(capabilities ?? (await capabilitiesOf(open)))) it(`${id} ${title}`, () => run(open))
  })
}
