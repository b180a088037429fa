/** A job from start to end over HTTP, in a real process that is killed in the middle of the work. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'

const directory = mkdtempSync(join(tmpdir(), 'jobs-'))
const text = `to be or not to be\n${'that is the question\n'.repeat(20)}`
let running: ChildProcess | undefined

after(async () => {
  await kill()
  rmSync(directory, { recursive: true })
})

/** Starts the server on a free port, over the same directory each time. Resolves to its address. */
async function start(): Promise<string> {
  const main = new URL('../src/main.ts', import.meta.url).pathname
  running = spawn(process.execPath, [main], {
    env: { ...process.env, PORT: '0', JOBS_DIR: directory },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface({ input: running.stdout as NonNullable<ChildProcess['stdout']> })) return line
  throw new Error('The server exited before it was ready')
}

async function kill(): Promise<void> {
  const child = running
  running = undefined
  if (!child || child.exitCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

interface Status {
  readonly status: string
  readonly attempt?: number
  readonly percentComplete?: number
}

/** Polls until `enough` accepts the job. */
async function until(url: string, enough: (job: Status) => boolean): Promise<Status> {
  for (const giveUpAt = Date.now() + 30_000; Date.now() < giveUpAt; await pause(50)) {
    const job: Status = await (await fetch(url)).json()
    if (enough(job)) return job
  }
  throw new Error(`${url} did not reach the expected state within 30 s`)
}

const submit = (base: string, body: string, key?: string) =>
  fetch(`${base}/word-counts`, { method: 'POST', body, headers: { 'content-type': 'text/plain', ...(key && { 'idempotency-key': key }) } })

test('a job outlives the process that accepted it', async () => {
  let base = await start()
  const accepted = await submit(base, text, 'hamlet')
  assert.equal(accepted.status, 202)
  const location = accepted.headers.get('location') ?? ''
  await until(base + location, ({ percentComplete = 0 }) => percentComplete > 0)
  assert.equal((await fetch(`${base}${location}/result`)).status, 404)

  await kill()
  base = await start()

  const again = await submit(base, text, 'hamlet')
  assert.equal(again.status, 202)
  assert.equal(again.headers.get('location'), location)
  assert.equal(again.headers.get('idempotency-replayed'), 'true')
  assert.equal((await submit(base, 'another text', 'hamlet')).status, 422)

  const done = await until(base + location, ({ status }) => status !== 'queued' && status !== 'running')
  assert.equal(done.status, 'succeeded')
  assert.equal(done.attempt, 2)
  const result = await fetch(`${base}${location}/result`)
  assert.equal(result.status, 200)
  assert.deepEqual(await result.json(), { to: 2, be: 2, or: 1, not: 1, that: 20, is: 20, the: 20, question: 20 })

  assert.equal((await fetch(base + location, { method: 'DELETE' })).status, 204)
  assert.equal((await fetch(base + location)).status, 410)
})

test('a job that is canceled stays canceled', async () => {
  await kill()
  const base = await start()
  const location = (await submit(base, text)).headers.get('location') ?? ''
  await until(base + location, ({ status }) => status === 'running')
  assert.ok([200, 202].includes((await fetch(base + location, { method: 'DELETE' })).status))
  await until(base + location, ({ status }) => status === 'canceled')
  assert.equal((await fetch(`${base}${location}/result`)).status, 409)
})
