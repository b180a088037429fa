import { testStore } from '@respond-async/store-testkit/vitest'
import { openPGlite } from './server'

// With everything that there is: a database of its own for each case takes a second.
testStore('postgresStore({ client: new PGlite(), maxEvents, watch })', () => openPGlite({ maxEvents: 50, watch: true }))
