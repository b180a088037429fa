/** A process that runs a job and never comes to its end: to be killed. */
import { sqliteStore } from '@respond-async/store-sqlite'
import { FAST, start } from './service'

async function* writing() {
  yield new TextEncoder().encode('first, and never ')
  await new Promise(() => {})
}
const { url } = await start(
  'Hono',
  writing,
  { ...FAST, store: sqliteStore({ path: process.env.DATABASE ?? '' }) },
  { retries: 1, backoffMs: 1 },
)
process.send?.({ url })
