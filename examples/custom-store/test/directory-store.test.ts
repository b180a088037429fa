import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testStore } from '@respond-async/store-testkit/node-test'
import { directoryStore } from '../src/directory-store.ts'

testStore('directoryStore', () => {
  const directory = mkdtempSync(join(tmpdir(), 'jobs-'))
  return {
    a: directoryStore(directory),
    b: directoryStore(directory),
    reopen: async () => directoryStore(directory),
    dispose: async () => rmSync(directory, { recursive: true }),
  }
})
