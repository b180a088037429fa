/** Runs the cases of the store testkit on the SQLite store, on the runtime that runs this file; prints how many passed, and which did not. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sqliteStore } from '@respond-async/store-sqlite'
import { casesFor, declaredBy, type OpenStore } from '@respond-async/store-testkit'

/** Two connections to one new file. */
const open: OpenStore = () => {
  const directory = mkdtempSync(join(tmpdir(), 'sqlite-store-'))
  const handle = () => sqliteStore({ path: join(directory, 'jobs.db'), maxEvents: 50 })
  const [a, b] = [handle(), handle()]
  return {
    ...{ a, b },
    reopen: async () => handle(),
    async dispose() {
      await a.close?.()
      await b.close?.()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

const { a: probe, dispose } = await open()
const cases = casesFor(declaredBy(probe))
await dispose?.()

const failures: string[] = []
for (const { id, title, run } of cases) {
  try {
    await run(open)
  } catch (error) {
    failures.push(`${id} ${title}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
console.log(JSON.stringify({ passed: cases.length - failures.length, failures, skipped: 0 }))
