import { testStore } from '@respond-async/store-testkit/vitest'
import { fileServer, openPg } from './server'

const { url } = await fileServer()

testStore('postgresStore({ client: new pg.Pool() })', () => openPg(url))
testStore('... with maxEvents and watch', () => openPg(url, { maxEvents: 50, watch: true }))
testStore('... without prepared statements', () => openPg(url, { maxEvents: 50, prepare: false }))
