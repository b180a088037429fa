import { testStore } from '@respond-async/store-testkit/vitest'
import { fileServer, openPostgresJs } from './server'

const { url } = await fileServer()

testStore('postgresStore({ client: postgres() })', () => openPostgresJs(url))
testStore('... with maxEvents and watch', () => openPostgresJs(url, { maxEvents: 50, watch: true }))
testStore('... without prepared statements', () => openPostgresJs(url, { prepare: false }))
