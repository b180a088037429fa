import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** Path of a SQLite file for the test that asks, in a directory of its own. It is removed after what the test has opened since is closed. */
export async function databaseFile(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'respond-async-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  return join(directory, 'jobs.db')
}
