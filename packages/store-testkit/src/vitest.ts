import { describe, it } from 'vitest'
import { capabilitiesOf } from './capabilities'
import { casesFor, type Declared, type OpenStore } from './index'

/** The kit itself says which call has not answered; this is for what it does not foresee. */
const LONGEST_MS = 180_000

/**
 * Defines a vitest test for each case that the store must pass.
 *
 * @param capabilities by default read from the store, which is opened once while tests are collected. Give them if it cannot be opened
 *   then, because a hook must start its server first; with `claim: true`, `blobs: true` and `holder: true` if it has those.
 */
export function testStore(name: string, open: OpenStore, capabilities?: Declared): void {
  describe(name, async () => {
    for (const { id, title, run } of casesFor(capabilities ?? (await capabilitiesOf(open))))
      it(`${id} ${title}`, { timeout: LONGEST_MS }, () => run(open))
  })
}
