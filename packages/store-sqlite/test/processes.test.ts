/** Several processes over one file, killed ones among them. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import type { Readable, Writable } from 'node:stream'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { sqliteStore } from '../src/index'
import { temporaryDirectory } from './directory'
import { record } from './record'

const programs = mkdtempSync(join(tmpdir(), 'sqlite-worker-'))
const program = join(programs, 'worker.mjs')
beforeAll(async () => {
  await build({
    ...{ entryPoints: [new URL('worker.ts', import.meta.url).pathname], outfile: program, logLevel: 'error' },
    ...{ bundle: true, platform: 'node', format: 'esm', target: 'es2022', conditions: ['@respond-async/source'] },
  })
})
afterAll(() => rmSync(programs, { recursive: true, force: true }))

interface Worker {
  readonly child: ChildProcessByStdio<Writable, Readable, null>
  /** What it has said since it was ready. */
  readonly said: unknown[]
  /** Resolves when it has said so many lines. */
  heard(lines: number): Promise<void>
  /** Resolves to its exit code. */
  readonly ended: Promise<number | null>
}

/** Starts processes, lets them begin together. */
async function startWorkers(count: number, what: string, path: string): Promise<Worker[]> {
  const workers = Array.from({ length: count }, (_, n) => {
    const child = spawn(process.execPath, [program, what, path, `worker-${n}`], { stdio: ['pipe', 'pipe', 'inherit'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    const said: unknown[] = []
    const lines = createInterface(child.stdout)
    lines.on('line', (line) => said.push(JSON.parse(line)))
    const heard = async (wanted: number) => {
      while (said.length <= wanted) await once(lines, 'line')
    }
    return { child, said, heard, ended: once(child, 'close').then(([code]) => code as number | null) } // as `close` is documented
  })
  await Promise.all(workers.map(({ heard }) => heard(0)))
  const now = String(Date.now())
  for (const { said, child } of workers) {
    said.shift()
    child.stdin.write(now)
  }
  return workers
}
const codes = (workers: readonly Worker[]) => Promise.all(workers.map(({ ended }) => ended))

it('is set up by eight processes at once, none of which fails', async () => {
  const path = join(temporaryDirectory(), 'jobs.db')
  expect(await codes(await startWorkers(8, 'open', path))).toEqual(Array(8).fill(0))
  for (let n = 0; n < 40; n++) {
    const store = sqliteStore({ path: `${path}-${n}`, migrate: false })
    expect((await store.list?.({ owner: null, limit: 100 }))?.jobs).toHaveLength(8)
    await store.close?.()
  }
}, 60_000)

it('makes one job of each key, whichever of four processes comes first', async () => {
  const path = join(temporaryDirectory(), 'jobs.db')
  const workers = await startWorkers(4, 'insert', path)
  expect(await codes(workers)).toEqual([0, 0, 0, 0])
  const answers = workers.flatMap(({ said }) => said as { n: number; inserted: boolean; id: string }[]) // what it says
  expect(answers).toHaveLength(400)
  expect(answers.filter(({ inserted }) => inserted)).toHaveLength(100)
  const store = sqliteStore({ path })
  for (let n = 0; n < 100; n++) {
    const ids = new Set(answers.filter((answer) => answer.n === n).map(({ id }) => id))
    expect(ids.size, `holders of key ${n}`).toBe(1)
    const [id = ''] = ids
    expect((await store.get(id, 'full'))?.requestBody).toBe(id.replace(/-\d+$/, ''))
  }
  await store.close?.()
}, 60_000)

it('loses none of the writes of four processes to one job', async () => {
  const path = join(temporaryDirectory(), 'jobs.db')
  const store = sqliteStore({ path, maxEvents: 1_000 })
  await store.insert(record())
  const workers = await startWorkers(4, 'replace', path)
  expect(await codes(workers)).toEqual([0, 0, 0, 0])
  const job = await store.get('job', 'full')
  const { events = [] } = (await store.events?.('job', 1, 1_000)) ?? {}
  expect(job?.version).toBe(401)
  expect(events.map(({ version }) => version)).toEqual(Array.from({ length: 400 }, (_, n) => n + 2))
  for (let n = 0; n < 4; n++) expect(events.filter(({ type }) => type === `worker-${n}`)).toHaveLength(100)
  expect(job?.requestBody).toBe(`${events.at(-1)?.type} 401`)
  await store.close?.()
}, 60_000)

it('has all that was confirmed, and nothing by halves, after writers were killed in the middle', async () => {
  const path = join(temporaryDirectory(), 'jobs.db')
  for (let round = 0; round < 3; round++) {
    const workers = await startWorkers(2, 'write', path)
    await Promise.all(workers.map(({ heard }) => heard(20)))
    for (const { child } of workers) child.kill('SIGKILL')
    await codes(workers)
    const confirmed = workers.flatMap(({ said }) => said as string[]) // what it says

    const store = sqliteStore({ path, maxEvents: 10 })
    for (const id of confirmed) expect((await store.get(id, 'head'))?.version, id).toBe(2)
    for (const { id } of (await store.due?.(1, 100_000)) ?? []) {
      const job = await store.get(id, 'full')
      const { events } = (await store.events?.(id, 0, 10)) ?? {}
      const bodies = job?.version === 1 ? ['x'.repeat(20_000), null] : [null, 'y'.repeat(20_000)]
      expect([job?.requestBody, job?.responseBody], id).toEqual(bodies)
      expect(
        events?.map(({ version }) => version),
        id,
      ).toEqual(job?.version === 1 ? [1] : [1, 2])
      await store.remove(id)
    }
    await store.close?.()
    const database = new DatabaseSync(path)
    expect(database.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
    expect(database.prepare('SELECT count(*) AS rows FROM respond_async_chunks').get()).toEqual({ rows: 0 })
    database.close()
  }
}, 60_000)
