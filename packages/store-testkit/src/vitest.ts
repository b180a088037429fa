import { describe, it } from 'vitest'
import { capabilitiesOf } from './capabilities'
import { casesFor, type Declared, type OpenStore } from './index'

/**
 * One vitest test for each case that the store's capabilities ask for. It is opened once beforehand to see them, while tests are
 * collected; give `capabilities` where it cannot be opened then, because a hook has to start its server first: with
 * `claim: true`, `blobs: true` and `holder: true` if it has those.
 */
export function testStore(name: string, open: OpenStore, capabilities?: Declared): void {
  describe(name, async () => {
    for (const { id, title, timeoutMs: timeout, run } of casesFor(capabilities ?? (await capabilitiesOf(open))))
      it(`${id} ${title}`, { timeout }, () => run(open))
  })
}
