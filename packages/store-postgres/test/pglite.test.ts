import { testStore } from '@respond-async/store-testkit/vitest'
import { openPGlite } from './server'

testStore('postgresStore({ client: new PGlite() })', () => openPGlite())
testStore('... with maxEvents and watch', () => openPGlite({ maxEvents: 50, watch: true }))
