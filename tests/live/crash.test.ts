import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sqliteStore } from '@respond-async/store-sqlite'
import { expect, it } from 'vitest'
import { bundled, startProcess } from '../processes'
import { over, read, streamOf } from './reader'
import { FAST, start } from './service'

it('a reader of a worker that is killed is broken off, and the stream of the next attempt comes to its end', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'respond-async-live-'))
  const path = join(directory, 'jobs.db')
  const entry = fileURLToPath(new URL('process.ts', import.meta.url))
  const worker = await startProcess<{ url: string }>(entry, await bundled(entry), { DATABASE: path })
  async function* writing() {
    yield new TextEncoder().encode('second, ')
    await readers
    yield new TextEncoder().encode('and whole')
  }
  let come = () => {}
  const readers = new Promise<void>((resolve) => {
    come = resolve
  })
  const here = await start('Hono', writing, { ...FAST, store: sqliteStore({ path }) }, { retries: 1, backoffMs: 1 })
  try {
    const accepted = await fetch(`${worker.said.url}/work`, { method: 'POST' })
    const at = `${here.url}${accepted.headers.get('location')}`
    const first = await read(await streamOf(at))
    await first.has('first, and never ')
    await worker.end('SIGKILL')
    expect(await first.ended).toBe('broken')
    const second = await read(await streamOf(at), { range: 'bytes=5-', 'if-range': '"attempt-1"' })
    expect([second.response.statusCode, second.response.headers.etag]).toEqual([200, '"attempt-2"'])
    await second.has('second, ')
    come()
    expect([await second.ended, second.text()]).toEqual(['whole', 'second, and whole'])
    expect(await over(at)).toMatchObject({ status: 'succeeded', attempt: 2 })
  } finally {
    await worker.end('SIGKILL')
    await here.close()
    await rm(directory, { recursive: true })
  }
}, 30_000)
