import { memoryStore } from '@respond-async/core'
import { testStore } from '../src/vitest'

/** Both handles are one object: a second one could not see the first one's memory. */
const opened = (options?: Parameters<typeof memoryStore>[0]) => () => {
  const store = memoryStore(options)
  return { a: store, b: store }
}

testStore('memoryStore()', opened())
testStore('memoryStore({ maxEvents: 50 })', opened({ maxEvents: 50 }))
testStore('memoryStore({ maxBytes: 4 MiB })', opened({ maxBytes: 4_194_304 }))
